#pragma once

#include <functional>

#include "builder/image_source.h"
#include "builder/remote/blob_origins.h"
#include "builder/remote/short_name_search.h"

namespace ibuild::remote {

/// Images by names without a host. First of what the store has (unless `always`): what the alias
/// says, localhost/NAME, what was made here as NAME, the registries that are searched; then of
/// registries. The image has the full name, and remarks on how it was found. Names that have their
/// registry go to `inner` as they are. For any thread.
class ShortNameSource : public builder::ImageSource {
 public:
  /// All outlive the source.
  ShortNameSource(builder::ImageSource& inner, ShortNameSearch& search, const BlobOrigins& origins)
      : inner_(inner), search_(search), origins_(origins) {}

  std::optional<builder::BaseImage> try_load(const image::Reference& reference,
                                             const image::Platform& platform,
                                             builder::PullPolicy policy,
                                             std::stop_token stop) override;
  std::string name() const override { return inner_.name(); }

 private:
  using Load = std::function<std::optional<builder::BaseImage>(const image::Reference&)>;
  std::optional<builder::BaseImage> load_from_store(const image::Reference& name, const Load& load);
  bool was_pulled(const builder::BaseImage& image) const;

  builder::ImageSource& inner_;
  ShortNameSearch& search_;
  const BlobOrigins& origins_;
};

}  // namespace ibuild::remote
