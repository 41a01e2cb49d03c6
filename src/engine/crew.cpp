#include "engine/crew.h"

#include "base/check.h"

namespace rr::engine {

namespace {

// Phases last tens of microseconds: worth looking that long before giving the processor away.
template <typename Done>
void wait_until(Done done) {
  constexpr int kLooks = 4000;
  for (int looks = 0; !done(); ++looks) {
    if (looks < kLooks) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace

Crew::Crew(int members, int phases_max) : phases_(static_cast<std::size_t>(phases_max)) {
  RR_CHECK(members >= 1 && phases_max >= 1);
  for (int member = 0; member < members; ++member) {
    members_.push_back(std::make_unique<Member>());
  }
  for (int member = 0; members > 1 && member < members; ++member) {
    at(member).thread = std::jthread([this, member] { wait_for_calls(member); });
  }
}

Crew::~Crew() {
  for (const auto& member : members_) {
    member->state = State::kLeaves;
    member->state.notify_all();
  }
  members_.clear();  // joins
}

void Crew::sit(int member) {
  std::atomic<State>& state = at(member).state;
  State seen = state.load();
  while (true) {
    if (seen == State::kHelps) {
      state.wait(seen);
      seen = state.load();
    } else if (state.compare_exchange_strong(seen, State::kSits)) {
      return;  // a call that nobody heard has ended
    }
  }
}

void Crew::stand_up(int member) {
  at(member).state = State::kFree;
}

void Crew::wait_for_calls(int member) {
  std::atomic<State>& state = at(member).state;
  while (true) {
    State seen = state.load();
    if (seen == State::kLeaves) {
      return;
    }
    if (seen != State::kCalled) {
      state.wait(seen);
    } else if (state.compare_exchange_strong(seen, State::kHelps)) {
      take_part(member);
      state = State::kFree;
      state.notify_all();
    }
  }
}

bool Crew::run(int leader, int helpers, std::span<const int> items, const Work& work) {
  RR_CHECK(items.size() <= phases_.size());
  if (runs_.exchange(true)) {
    return false;
  }
  leader_ = leader;
  items_ = items;
  work_ = &work;
  for (std::size_t phase = 0; phase < items.size(); ++phase) {
    phases_[phase].claimed.store(0, std::memory_order_relaxed);
    phases_[phase].done.store(0, std::memory_order_relaxed);
  }
  const int members = static_cast<int>(members_.size());
  for (int i = 1, called = 0; i < members && called < helpers; ++i) {
    std::atomic<State>& state = at((leader + i) % members).state;
    State free = State::kFree;
    if (state.compare_exchange_strong(free, State::kCalled)) {
      state.notify_all();
      ++called;
    }
  }
  take_part(leader);
  for (int i = 1; i < members; ++i) {
    std::atomic<State>& state = at((leader + i) % members).state;
    State unheard = State::kCalled;
    if (!state.compare_exchange_strong(unheard, State::kFree)) {
      wait_until([&] { return state.load(std::memory_order_acquire) != State::kHelps; });
    }
  }
  runs_ = false;
  return true;
}

void Crew::take_part(int member) {
  const int members = static_cast<int>(members_.size());
  const int place = (member - leader_ + members) % members;
  for (std::size_t p = 0; p < items_.size(); ++p) {
    Phase& phase = phases_[p];
    const int count = items_[p];
    // Everybody begins elsewhere, and at the same place in every phase of as many items: rows stay
    // in the caches where they were written.
    for (int i = 0; i < count; ++i) {
      const int item = (place + i) % count;
      const std::uint64_t bit = std::uint64_t{1} << item;
      if ((phase.claimed.load(std::memory_order_relaxed) & bit) == 0 &&
          (phase.claimed.fetch_or(bit, std::memory_order_acq_rel) & bit) == 0) {
        (*work_)(member, static_cast<int>(p), item);
        phase.done.fetch_add(1, std::memory_order_acq_rel);
      }
    }
    wait_until([&] { return phase.done.load(std::memory_order_acquire) == count; });
  }
}

}  // namespace rr::engine
