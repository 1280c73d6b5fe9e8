#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {

/// Whether the program git is there; says so when it is not.
bool has_git();

/// A repository to fetch from, made with the real git, far from the configuration of whoever runs
/// the tests.
class GitRepository {
 public:
  explicit GitRepository(const std::string& format = "sha1");

  /// Runs git in the repository; gives its output without the last line end.
  std::string git(const std::vector<std::string>& arguments,
                  const std::vector<std::string>& env = {});
  void write(const std::string& path, const std::string& content, mode_t mode = 0644);
  /// Commits everything, at 2020-01-02T03:04:05Z unless told otherwise; gives the hash.
  std::string commit(const std::string& message, const std::string& date = "2020-01-02T03:04:05Z");
  std::string host_path() const { return dir_.host_path(); }
  std::string url() const { return "file://" + host_path(); }

 private:
  base::TempDir dir_ = make_scratch_dir();
};

}  // namespace ibuild::test
