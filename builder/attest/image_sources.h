#pragma once

#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/build.h"
#include "builder/plan/build_plan.h"

namespace ibuild::builder {

/// A thing from outside that an image was made with: a URI, and the digest of what it was then.
struct SourceArtifact {
  std::string uri;
  std::string algorithm;  // "sha256", "sha1"
  std::string hex;
  auto operator<=>(const SourceArtifact&) const = default;
};

/// A secret or an ssh agent by the id that a step names.
struct UsedSecret {
  std::string id;
  bool optional = false;
  auto operator<=>(const UsedSecret&) const = default;
};

/// What went into an image.
struct ImageSources {
  std::vector<SourceArtifact> artifacts;  // images, then git repositories, then files by URL
  SourceArtifact context;                 // the build's own, when it is of outside; else empty
  std::set<std::string> locals;           // what is of this machine: "context", "dockerfile", …
  std::set<UsedSecret> secrets;
  std::set<UsedSecret> ssh;
  bool uses_network = false;  // some RUN could have

  /// Whether `artifacts` has all of it.
  bool complete() const { return locals.empty(); }
};

/// The steps that `image` needs, in the order of the plan.
std::vector<const Step*> steps_of(const PlannedImage& image, const BuildPlan& plan);

/// Requires: the steps have run, so that all sources from outside are known; nothing is asked for
/// twice. Throws: what a source throws.
ImageSources find_image_sources(const std::vector<const Step*>& steps, const BuildRequest& request,
                                const Services& services, std::stop_token stop);

/// A URL without user name and password.
std::string without_credentials(const std::string& url);

}  // namespace ibuild::builder
