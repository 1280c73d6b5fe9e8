#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "builder/build.h"
#include "cli/exit_code.h"
#include "cli/options_check.h"

namespace ibuild::cli {

/// What a call looks images up with; asked for only by calls that do.
using ServicesProvider = std::function<const builder::Services&()>;

/// What a call has to say, in both forms.
struct CallAnswer {
  std::string text;
  std::string json;
  bool has_findings = false;                          // of a check
  std::optional<parser::DockerfileError> error = {};  // that a check ended with
  int exit_code = kSuccess;                           // 1 when a check finds something
};

/// Requires: `call` is not a build. Throws: what ends the call.
CallAnswer answer_call(const CallSpec& call, const builder::BuildRequest& request,
                       const ServicesProvider& services, std::stop_token stop);

/// What --metadata-file holds of an answer, in the form of buildx.
std::string metadata_json(const CallSpec& call, const CallAnswer& answer);

}  // namespace ibuild::cli
