#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "builder/plan/declared_args.h"
#include "builder/plan/env_list.h"
#include "image/config.h"

/// The `created_by` texts of a history, in the forms that BuildKit writes, which tools parse. Those
/// forms come from Go's fmt verbs. See: https://pkg.go.dev/fmt.
namespace ibuild::builder {

/// Go's %v of a list: `[a b]`.
std::string go_list(std::span<const std::string> words);
/// Go's %v of a duration: "1m30s", "0s", "1.5ms".
std::string go_duration(std::chrono::nanoseconds duration);
/// Go's %+v of Docker's HealthcheckConfig.
std::string go_healthcheck(const image::Healthcheck& check);

/// RUN's entry: "RUN |1 A=b /bin/sh -c make # buildkit". The args of the stage stand before the
/// command with their present values in `env`.
std::string run_history(std::span<const std::string> argv, DeclaredArgs& args, const EnvList& env);

/// The first line of a heredoc, with "..." when there are more.
std::string summarize_heredoc(std::string_view content);

}  // namespace ibuild::builder
