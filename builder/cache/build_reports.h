#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fs_at.h"

namespace ibuild::builder {

/// What became of one step of a build, for `ibuild why`.
struct StepReport {
  enum class Outcome { cached, ran, failed, not_reached };
  std::string name;  // "[build 2/7] RUN make"
  Outcome outcome = Outcome::not_reached;
  std::string why;  // it ran: the cause, as it was logged; cached elsewhere: where
  bool operator==(const StepReport&) const = default;
};

struct BuildReport {
  base::TimePoint at{};
  std::vector<StepReport> steps;
  bool operator==(const BuildReport&) const = default;
};

/// The last builds of one Dockerfile, in one small file. Damaged ones are not there. Of two builds
/// that end at once, one may be forgotten.
class BuildReports {
 public:
  /// `dir` holds the reports of all Dockerfiles; `build` tells them apart.
  BuildReports(base::DirFd dir, const std::string& build);

  void add(const BuildReport& report);
  /// Newest first.
  std::vector<BuildReport> read() const;

  /// Older ones are forgotten.
  static constexpr std::size_t kKept = 10;

 private:
  base::DirFd dir_;
  base::RelPath path_;
};

}  // namespace ibuild::builder
