#include "tests/unit/builder/git/git_fixture.h"

namespace ibuild::test {

parser::GitReference local_reference(const GitRepository& repository, const std::string& ref) {
  parser::GitReference reference;
  reference.remote = repository.url();
  reference.ref = ref;
  return reference;
}

std::string read_text(const base::DirFd& dir, const std::string& path) {
  return base::read_file_at(dir, base::RelPath::exact(path), 1 << 20);
}

bool exists(const base::DirFd& dir, const std::string& path) {
  return base::try_lstat_at(dir, base::RelPath::exact(path)).has_value();
}

std::vector<std::string> names_in(const base::DirFd& dir, const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : base::list_dir(dir, base::RelPath::exact(path)))
    names.push_back(entry.name);
  return names;
}

}  // namespace ibuild::test
