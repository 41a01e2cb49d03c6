# Every library the project links, by its Debian 12 package; docs/decisions/ has a page for each.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)                       # libfmt-dev
find_package(spdlog REQUIRED)                    # libspdlog-dev
find_package(simdjson REQUIRED)                  # libsimdjson-dev
find_package(OpenSSL REQUIRED)                   # libssl-dev
find_package(Boost 1.81 REQUIRED)                # libboost1.81-dev (headers only: Asio, Beast)
find_package(CLI11 REQUIRED)                     # libcli11-dev
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)  # prometheus-cpp-dev
find_package(CURL REQUIRED)                      # libcurl4-openssl-dev
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)   # libhiredis-dev
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)  # libxxhash-dev
find_package(GTest REQUIRED)                     # libgtest-dev
