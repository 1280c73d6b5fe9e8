#pragma once

#include <stop_token>

#include "base/clock.h"
#include "builder/export/exporter.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {

inline constexpr const char* kRewriteAttribute = "rewrite-timestamp";
/// The attribute of outputs that stands in for SOURCE_DATE_EPOCH there.
inline constexpr const char* kEpochAttribute = "source-date-epoch";

/// What an output does with the times of files in new layers. Its attribute rewrite-timestamp takes
/// true, false and `all`.
enum class TimeRewriting {
  none,
  later,  // none is after the output's time
  all,    // all are the output's time
};
/// Throws: base::UsageError.
TimeRewriting read_time_rewriting(const OutputAttributes& attributes, TimeRewriting otherwise);

/// The clock of one output: that of the build, unless the attribute says otherwise. An empty value
/// is a clock that does not stand still. Throws: base::UsageError when it is no number of seconds.
base::Clock output_clock(const OutputAttributes& attributes, const base::Clock& of_build);

/// The image with no time of its own after that of the attribute, if there is one: in the
/// configuration, and in the files of new layers where the output has rewrite-timestamp=true; with
/// rewrite-timestamp=all there is no other time. What came with the base stays. Blocks when files
/// are rewritten. Throws: base::UsageError for an image that carries an inline cache of layers that
/// would be rewritten.
FinishedImage with_output_times(const FinishedImage& image, const OutputAttributes& attributes,
                                const layers::Store& store, std::stop_token stop);

}  // namespace ibuild::builder
