#include "kernels/tile_permission.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "kernels/cpu_features.h"

namespace rr::kernels {

bool tiles_permitted() {
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  static const bool permitted =
      cpu_features().amx && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return permitted;
}

}  // namespace rr::kernels
