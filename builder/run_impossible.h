#pragma once

namespace ibuild::builder {

/// The code of the DockerfileError for a RUN where no isolation profile can run steps.
inline constexpr const char* kRunImpossible = "run-impossible";

}  // namespace ibuild::builder
