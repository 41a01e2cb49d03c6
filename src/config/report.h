// `rerankd config`: the option table as people and programs read it. Text and JSON show the values
// in force and where they come from; Markdown shows the table alone (it is
// docs/ENV_VARS_QUICK_REF.md, so it depends on nothing but the program). Secrets never appear.
// Pure. Tested by report_test.cpp, which also compares the Markdown with the file.
#pragma once

#include <string>

#include "config/configuration.h"

namespace rr::config {

std::string report_text(const Configuration& configuration);
std::string report_json(const Configuration& configuration);
std::string report_markdown();

}  // namespace rr::config
