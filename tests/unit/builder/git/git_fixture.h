#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/thread_pool.h"
#include "builder/git/git_source.h"
#include "layers/store.h"
#include "tests/support/git_repository.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {

/// A store, and git repositories of this machine allowed in it.
struct GitFixture {
  base::TempDir dir = make_scratch_dir();
  base::ThreadPool pool{1};
  std::unique_ptr<layers::Store> store = layers::Store::open(dir.host_path() + "/store", pool);

  /// What one build has.
  builder::GitSource new_source() const {
    return builder::GitSource(*store, {.settings = {{"protocol.file.allow", "always"}}});
  }
};

/// A reference to a repository of this machine, which no Dockerfile can name.
parser::GitReference local_reference(const GitRepository& repository, const std::string& ref = "");

std::string read_text(const base::DirFd& dir, const std::string& path);
bool exists(const base::DirFd& dir, const std::string& path);
/// Names below `dir`, sorted.
std::vector<std::string> names_in(const base::DirFd& dir, const std::string& path = "");

}  // namespace ibuild::test
