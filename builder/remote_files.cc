#include "builder/remote_files.h"

#include <algorithm>

#include "base/text.h"
#include "parser/url_text.h"

namespace ibuild::builder {
namespace {

/// For URLs without a path, and for last parts that are no file names.
constexpr const char* kUnnamed = "__unnamed__";
constexpr const char* kUnusable = "download";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string file_name_of_url(std::string_view url) {
  auto path = parser::percent_decode(parser::split_url(url).path).value_or("");
  while (path.ends_with('/')) path.pop_back();
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.empty() || name == ".") return kUnnamed;
  name = std::string(base::trim(name));
  const bool usable = !name.empty() && name != "." && name != ".." &&
                      std::none_of(name.begin(), name.end(), is_control);
  return usable ? name : kUnusable;
}

}  // namespace ibuild::builder
