// Crew: lets the idle workers of an executor help one of them with work too small to be worth
// dividing among requests, such as a lone pair. One member per worker, who sits while he computes
// in his own buffers; a member who does not sit can be called, and then his thread, which sleeps
// otherwise, helps in his place.
//
// A job is a row of phases, each cut into items that may run at the same time in any order. Nobody
// begins a phase before all items of the one before are done. The leader takes part and waits only
// for items that a helper has begun: a helper who comes late costs nothing but his help. A worker
// whose member helps sits down when the job is over.
//
// Thread-safe. No allocation after construction. Tested by crew_test.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace rr::engine {

class Crew {
 public:
  // Computes one item on `member`'s buffers.
  using Work = std::function<void(int member, int phase, int item)>;
  static constexpr int kItemsMax = 64;

  // `members` ≥ 1; jobs of at most `phases_max` phases. One member alone has no thread.
  Crew(int members, int phases_max);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Held while a worker computes in his own buffers.
  class Seat {
   public:
    Seat(Crew& crew, int member) : crew_(crew), member_(member) { crew_.sit(member_); }
    ~Seat() { crew_.stand_up(member_); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    Crew& crew_;
    const int member_;
  };

  // items[p], 1 to kItemsMax, of each phase; at most `helpers` who do not sit are called. Requires:
  // the leader sits. Returns false, having done nothing, while another job runs.
  bool run(int leader, int helpers, std::span<const int> items, const Work& work);

 private:
  enum class State : int { kFree, kSits, kCalled, kHelps, kLeaves };

  struct Member {
    std::atomic<State> state = State::kFree;
    std::jthread thread;
  };
  // On a cache line of its own: members of the last phase still look at theirs.
  struct alignas(64) Phase {
    std::atomic<std::uint64_t> claimed = 0;  // a bit per item
    std::atomic<int> done = 0;
  };

  void sit(int member);
  void stand_up(int member);
  void wait_for_calls(int member);
  void take_part(int member);
  Member& at(int member) { return *members_[static_cast<std::size_t>(member)]; }

  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Phase> phases_;

  std::atomic<bool> runs_ = false;  // the job below, which is the leader's to write
  int leader_ = 0;
  std::span<const int> items_;
  const Work* work_ = nullptr;
};

}  // namespace rr::engine
