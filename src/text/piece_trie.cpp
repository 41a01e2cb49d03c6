#include "text/piece_trie.h"

#include <algorithm>
#include <span>

namespace rr::text {

// Places nodes depth first over the sorted entries. Block 0 is never a base: base 0 means "no
// children", and since no unit of block 0 is used, looking there finds nothing. Free units of the
// last kOpenBlocks blocks form a ring; older blocks are closed with the holes they have.
class PieceTrieBuilder {
 public:
  using Entry = std::pair<std::string, std::int32_t>;

  explicit PieceTrieBuilder(std::span<const Entry> entries) : entries_(entries) {
    units_.resize(kBlock);
    neighbours_.resize(kBlock);
    neighbours_[kRing] = {kRing, kRing};
  }

  bool run() {
    std::vector<Range> pending = {{0, entries_.size(), 0, 0}};
    while (!pending.empty()) {
      const Range range = pending.back();
      pending.pop_back();
      if (!place_children(range, pending)) {
        return false;
      }
    }
    return true;
  }

  std::vector<PieceTrie::Unit> units() && { return std::move(units_); }

 private:
  static constexpr std::size_t kBlock = 256;
  static constexpr std::size_t kOpenBlocks = 16;
  static constexpr std::size_t kUnitsMax = std::size_t{1} << 23;
  static constexpr std::uint32_t kRing = 0;  // the ring's head, a unit that is never free

  struct Neighbours {
    std::uint32_t before;
    std::uint32_t after;
  };

  // Entries [begin, end) share their first `depth` bytes and hang below `node`.
  struct Range {
    std::size_t begin;
    std::size_t end;
    std::size_t depth;
    PieceTrie::Node node;
  };

  // A new block; its first unit.
  std::size_t grow() {
    const std::size_t first = units_.size();
    if (first >= (kOpenBlocks + 1) * kBlock) {
      close_block(first - kOpenBlocks * kBlock);
    }
    units_.resize(first + kBlock);
    neighbours_.resize(first + kBlock);
    base_taken_.resize(first + kBlock);
    for (std::size_t place = first; place < first + kBlock; ++place) {
      const std::uint32_t last = neighbours_[kRing].before;
      neighbours_[place] = {last, kRing};
      neighbours_[last].after = static_cast<std::uint32_t>(place);
      neighbours_[kRing].before = static_cast<std::uint32_t>(place);
    }
    return first;
  }

  void close_block(std::size_t first) {
    for (std::size_t place = first; place < first + kBlock; ++place) {
      if (is_free(place)) {
        unlink(place);
      }
    }
  }

  void unlink(std::size_t place) {
    const Neighbours around = neighbours_[place];
    neighbours_[around.before].after = around.after;
    neighbours_[around.after].before = around.before;
  }

  bool is_free(std::size_t place) const { return (units_[place].link & PieceTrie::kUsed) == 0; }

  bool place_children(Range range, std::vector<Range>& pending) {
    while (range.begin < range.end && entries_[range.begin].first.size() == range.depth) {
      if (range.depth > 0) {
        units_[range.node].value = entries_[range.begin].second;
      }
      ++range.begin;
    }
    labels_.clear();
    starts_.clear();
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const auto label = static_cast<unsigned char>(entries_[i].first[range.depth]);
      if (labels_.empty() || labels_.back() != label) {
        labels_.push_back(label);
        starts_.push_back(i);
      }
    }
    if (labels_.empty()) {
      return true;
    }
    starts_.push_back(range.end);
    const std::size_t base = find_base();
    if (base == 0) {
      return false;
    }
    base_taken_[base] = true;
    units_[range.node].link |= static_cast<std::uint32_t>(base) << PieceTrie::kBaseShift;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const auto child = static_cast<PieceTrie::Node>(base ^ labels_[i]);
      unlink(child);
      units_[child].link = PieceTrie::kUsed | labels_[i];
      pending.push_back({starts_[i], starts_[i + 1], range.depth + 1, child});
    }
    return true;
  }

  bool fits(std::size_t base) const {
    return !base_taken_[base] &&
           std::ranges::all_of(labels_, [&](unsigned char label) { return is_free(base ^ label); });
  }

  // A base below which all labels_ are free, or 0 when the trie is full.
  std::size_t find_base() {
    for (std::uint32_t place = neighbours_[kRing].after; place != kRing;
         place = neighbours_[place].after) {
      const std::size_t base = place ^ labels_[0];
      if (fits(base)) {
        return base;
      }
    }
    return units_.size() >= kUnitsMax ? 0 : grow();
  }

  std::span<const Entry> entries_;
  std::vector<PieceTrie::Unit> units_;
  std::vector<Neighbours> neighbours_;
  std::vector<bool> base_taken_ = std::vector<bool>(kBlock);
  std::vector<unsigned char> labels_;
  std::vector<std::size_t> starts_;
};

PieceTrie::PieceTrie() : units_(256) {}

Result<PieceTrie> PieceTrie::build(std::vector<std::pair<std::string, std::int32_t>> entries) {
  std::ranges::stable_sort(
      entries, {}, [](const auto& entry) -> const auto& { return entry.first; });
  PieceTrieBuilder builder(entries);
  if (!builder.run()) {
    return Status(Code::kTooLarge, "the vocabulary needs more than 8 million trie nodes");
  }
  PieceTrie trie;
  trie.units_ = std::move(builder).units();
  return trie;
}

PieceTrie::Node PieceTrie::descend(Node node, std::string_view text) const {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const Node next = (units_[node].link >> kBaseShift) ^ byte;
    if ((units_[next].link & kLabelMask) != (kUsed | byte)) {
      return 1;  // a unit of block 0 that is never used: nothing is below it
    }
    node = next;
  }
  return node;
}

std::int32_t PieceTrie::exact(Node node, std::string_view text) const {
  return text.empty() ? kNone : units_[descend(node, text)].value;
}

}  // namespace rr::text
