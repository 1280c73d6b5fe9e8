#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/platform_target.h"
#include "builder/warning_collector.h"
#include "parser/dockerfile.h"
#include "parser/lint.h"

namespace ibuild::builder {

/// What the warnings before execution are found from.
struct CheckedBuild {
  const BuildRequest& request;
  const parser::Dockerfile& dockerfile;
  const std::vector<PlatformTarget>& targets;  // at least one
  const BaseTable& bases;

  /// The one that the Dockerfile's text is checked for: it is the same for all of them.
  const PlatformTarget& main_target() const { return targets.front(); }
};

/// What is odd but allowed in one build, each thing told once: when the build is planned, or before
/// the fault that ends it, as far as BuildKit comes until then.
class BuildChecks {
 public:
  /// All are looked at until the end. `from_parser` fills itself meanwhile.
  BuildChecks(const BuildRequest& request, const parser::Dockerfile& dockerfile,
              const parser::Diagnostics& from_parser, WarningCollector& events);

  /// Does what may end the build; its warnings come before its fault.
  template <typename Pass>
  auto before(Pass&& pass) -> decltype(pass()) {
    try {
      return std::forward<Pass>(pass)();
    } catch (const base::CancelledError&) {
      throw;
    } catch (const parser::DockerfileError& fault) {
      raise_until(&fault);
      throw;
    } catch (const base::Error&) {
      raise_until(nullptr);
      throw;
    }
  }
  /// From now on it is known which stages there are. Looked at until the end.
  void know_targets(const std::vector<PlatformTarget>& targets);
  /// From now on it is known what FROM lines come to. Looked at until the end.
  void know_bases(const BaseTable& bases) { bases_ = &bases; }
  /// Tells the parser's own warnings, BuildKit's checks on the stages that are built, build args
  /// and contexts that nothing uses. Throws: base::Error when the Dockerfile asks that findings end
  /// the build.
  void raise_all();

 private:
  void raise_until(const parser::DockerfileError* fault);
  void raise(const parser::Diagnostics& warnings);

  const BuildRequest& request_;
  const parser::Dockerfile& dockerfile_;
  const parser::Diagnostics& from_parser_;
  WarningCollector& events_;
  const std::vector<PlatformTarget>* targets_ = nullptr;
  const BaseTable* bases_ = nullptr;
  std::string epoch_;  // SOURCE_DATE_EPOCH as it was given
};

/// That what the checks are asked for can be read: the build argument BUILDKIT_DOCKERFILE_CHECK, or
/// the file's line. As in BuildKit, before the file is.
/// Throws: parser::DockerfileError, base::UsageError.
void check_lint_options(const BuildRequest& request);

/// As far as BuildKit's checks come in a build that ends while it finds out what the lines FROM
/// come to.
parser::LintReport lint_bases(const BuildRequest& request, const parser::Dockerfile& dockerfile);

/// As far as they come in one that ends with `fault` while the instructions are planned.
parser::LintReport lint_until(const CheckedBuild& build, const parser::DockerfileError& fault);

/// BuildKit's checks on the stages that the graph reaches.
parser::LintReport lint_build(const CheckedBuild& build);

/// The same, as far as the text alone allows, on the stages numbered in `stages` (none: on all).
parser::LintReport lint_text(const BuildRequest& request, const parser::Dockerfile& dockerfile,
                             const std::set<StageIndex>& stages = {});

/// "lint violation found for rules: …", with the names in their order.
std::string violation_message(const parser::Diagnostics& findings);

}  // namespace ibuild::builder
