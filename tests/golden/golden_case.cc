#include "tests/golden/golden_case.h"

#include <catch2/catch.hpp>

#include <cstdlib>

#include "base/files.h"

namespace ibuild::test {
namespace {

constexpr std::uint64_t kMaxBytes = 4 << 20;

bool accepts() {
  const char* value = std::getenv("IBUILD_ACCEPT");
  return value != nullptr && std::string(value) == "1";
}

}  // namespace

std::vector<GoldenCase> GoldenCase::all() {
  const auto root = base::DirFd::open(std::string(IBUILD_SOURCE_DIR) + "/testdata/dockerfiles");
  std::vector<GoldenCase> cases;
  for (const auto& entry : base::list_dir(root)) {
    cases.push_back({entry.name, base::open_dir_at(root, base::RelPath::exact(entry.name))});
  }
  return cases;
}

std::optional<std::string> GoldenCase::read(const std::string& file) const {
  return base::try_read_file_at(dir, base::RelPath::exact(file), kMaxBytes);
}

bool GoldenCase::has(const std::string& file) const {
  return base::try_lstat_at(dir, base::RelPath::exact(file)).has_value();
}

void GoldenCase::check(const std::string& expect, const std::string& actual) const {
  const auto wanted = read(expect);
  if (!wanted) return;
  if (accepts()) {
    if (*wanted != actual) base::write_file_atomically(dir, base::RelPath::exact(expect), actual);
    return;
  }
  INFO(name << "/" << expect << " (IBUILD_ACCEPT=1 rewrites it)");
  CHECK(actual == *wanted);
}

}  // namespace ibuild::test
