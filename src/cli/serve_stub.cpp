#include "cli/command.h"
namespace rr::cli { Command serve_command() { Command c; c.name="serve"; c.summary="x"; return c; } }
