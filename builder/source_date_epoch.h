#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "builder/build.h"
#include "builder/plan/build_args.h"
#include "parser/instruction.h"

namespace ibuild::builder {

/// Units: seconds since 1970. The latest time whose nanoseconds can be counted.
inline constexpr std::int64_t kLatestEpoch = 9'223'372'036;

/// What a build takes its SOURCE_DATE_EPOCH from.
struct EpochSetting {
  const parser::StageList& stages;
  const image::Platform& platform;  // of the result, or the first one
  const GlobalArgs& args;  // SOURCE_DATE_EPOCH as written, by --build-arg or by a global ARG
  const BuildRequest& request;
  const Services& services;
};

/// The time that SOURCE_DATE_EPOCH stands for: a number of seconds; "context", the time of the
/// build context; the name of a further build context, or of a stage that is `FROM scratch` and one
/// ADD of a URL or git repository: the commit's time, Last-Modified, or that of the newest file in
/// the archive. None when it is empty or not set, and when what it names has no time that would be
/// the same everywhere. Blocks. Throws: base::UsageError and parser::DockerfileError for what is
/// none of these; what the sources throw.
std::optional<std::chrono::sys_seconds> resolve_source_date_epoch(const EpochSetting& setting,
                                                                  std::stop_token stop);

}  // namespace ibuild::builder
