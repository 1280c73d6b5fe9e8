#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parser/dockerfile.h"
#include "parser/ignore_matcher.h"
#include "parser/lint_config.h"

namespace ibuild::parser {

/// What the checks want to know of an image that a FROM names.
struct BaseImageFacts {
  std::vector<std::string> env;  // "NAME=value"
  std::vector<std::string> onbuild;
  bool has_shell = false;  // a SHELL of its own
  /// What InvalidBaseImagePlatform says of it; empty when its platform is the wanted one.
  std::string platform_fault;
};

/// What the checks want to know of a platform that a FROM names.
struct LintPlatform {
  std::string os;
  std::string architecture;
};

/// How far the checks go: a build that ends at its FROM lines never comes to other instructions.
enum class LintDepth { bases, instructions };

/// What the Dockerfile alone does not tell. All of it may be left out.
struct LintOptions {
  /// Replaces the file's `# check=` when not empty (BUILDKIT_DOCKERFILE_CHECK).
  std::string check;
  std::map<std::string, std::string> build_args;
  /// BUILDPLATFORM, TARGETARCH and the like, with their values.
  std::map<std::string, std::string> platform_args;
  const IgnoreMatcher* ignore = nullptr;
  /// None for an image that is not known: then variables that may come from it are not complained
  /// of. `stage` is the number of the stage whose FROM names it.
  std::function<std::optional<BaseImageFacts>(std::size_t stage, std::string_view image)>
      base_image;
  std::function<bool(std::string_view)> is_image_name;
  /// None for what is no platform. Left out: any word is taken for one.
  std::function<std::optional<LintPlatform>(std::string_view)> read_platform;
  /// The stages to look into; empty: all of them.
  std::set<std::size_t> stages;
  LintDepth depth = LintDepth::instructions;
  /// The instruction on this line, or the next one, is the last of the stages that is looked at.
  std::optional<int> last_line;
};

struct LintReport {
  Diagnostics warnings;  // in the order in which they are found
  /// The fault that ends the build, where the checks met one; they stop there.
  std::optional<DockerfileError> error;
  /// The file or the options ask that findings fail the build, and there are some.
  bool findings_are_errors = false;
};

/// What `check` (LintOptions::check) or else the file's `# check=` asks for. Throws:
/// DockerfileError for options that are none in the file, base::UsageError for those in `check`.
LintConfig read_lint_config(std::string_view source, std::string_view check);

/// Runs BuildKit's checks. Never throws for what is in the file.
LintReport lint_dockerfile(const Dockerfile& dockerfile, const LintOptions& options);

/// The finding of a rule, with its name and URL.
Warning make_finding(LintRule rule, std::string message, const SourceRange& range);

}  // namespace ibuild::parser
