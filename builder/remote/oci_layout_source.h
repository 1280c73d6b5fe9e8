#pragma once

#include <optional>
#include <string>

#include "base/digest.h"
#include "builder/image_source.h"

namespace ibuild::remote {

/// One image of an OCI layout on this machine: what `oci-layout://PATH[:TAG][@DIGEST]` names. Its
/// layers are read from there when somebody needs them. Thread: any. See:
/// image-spec/image-layout.md.
class OciLayoutSource : public builder::ImageSource {
 public:
  struct Choice {
    std::string path;  // host path of the layout
    std::string tag;   // empty: "latest", or the only image of the layout
    std::optional<base::Digest> digest;
  };
  /// Reads nothing yet.
  explicit OciLayoutSource(Choice choice) : choice_(std::move(choice)) {}

  /// The image under whatever reference is asked for. Never none.
  /// Throws: base::Error when there is no layout, or no such image or platform in it;
  /// base::ContentError when a document is not what its digest says.
  std::optional<builder::BaseImage> try_load(const image::Reference& reference,
                                             const image::Platform& platform,
                                             builder::PullPolicy policy,
                                             std::stop_token stop) override;
  std::string name() const override { return "OCI layout " + choice_.path; }

 private:
  image::Descriptor find_top() const;
  image::Descriptor find_tagged(const std::vector<image::Descriptor>& images) const;

  Choice choice_;
};

}  // namespace ibuild::remote
