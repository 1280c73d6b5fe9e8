#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/remote/manifest_choice.h"
#include "image/descriptor.h"

namespace ibuild::remote {

/// Gives the bytes of a blob that is no larger than kMaxStatementBytes.
using BlobReader = std::function<std::optional<std::string>(const image::Descriptor&)>;

/// A larger statement is refused; BuildKit makes none above 40 MiB.
inline constexpr std::uint64_t kMaxStatementBytes = 64 << 20;

/// Where a statement is looked for, and about what.
struct StatementQuery {
  image::Descriptor top;            // an index
  base::Digest image;               // of a manifest in it
  std::string_view predicate_type;  // how its type begins
};

/// The in-toto statements of this type about an image, byte for byte and in their order; none when
/// the index has no such statement. Throws: Error when a document of it is not to be had;
/// ContentError for a broken document or a statement that is too large.
std::vector<std::string> find_statements(const StatementQuery& query, const DocumentReader& read,
                                         const BlobReader& read_blob);

}  // namespace ibuild::remote
