#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "image/descriptor.h"
#include "registry/manifest_transfer.h"
#include "registry/registry_session.h"

namespace ibuild::registry {

/// One page of what refers to a manifest, and where the next one is.
struct ReferrersPage {
  std::vector<image::Descriptor> referrers;
  std::string next;  // path and query; empty: this was the last page
};

/// Where the first page of what refers to `subject` is. `artifact_type`: only such; empty: all.
std::string first_referrers_page(const std::string& repository, const base::Digest& subject,
                                 const std::string& artifact_type);

/// GET of one page. None when the registry does not have this API. One attempt.
/// Throws: RegistryError; base::ContentError for an answer that is no index.
std::optional<ReferrersPage> get_referrers_page(RegistrySession& session,
                                                const std::string& repository,
                                                const std::string& path, std::stop_token stop);

/// The tag of the index that stands in for the API. See: distribution-spec "Referrers Tag Schema".
std::string referrers_tag(const base::Digest& subject);

/// The part of a manifest that its subject's list of referrers shows.
struct Referral {
  base::Digest subject;
  image::Descriptor referrer;
};
/// None when the document refers to nothing. Throws: base::ContentError for a broken one.
std::optional<Referral> find_referral(std::string_view bytes, std::string_view media_type);

/// An attempt to write `referral` into the stand-in index of its subject. Whoever does the same at
/// the same time may be forgotten: the distribution-spec has no means against that.
/// Throws: RegistryError; base::ContentError.
void add_to_referrers_tag(RegistrySession& session, const std::string& repository,
                          const Referral& referral, std::stop_token stop);
/// What the manifest `name` refers to; none when it refers to nothing, or cannot be read. One
/// attempt. Throws: RegistryError for what is worth another one.
std::optional<Referral> ask_referral(RegistrySession& session, const ManifestName& name,
                                     std::stop_token stop);
/// Takes a referrer that was deleted out of that index, where the registry keeps no list itself.
/// One attempt. Throws: RegistryError; base::ContentError.
void forget_referral(RegistrySession& session, const std::string& repository,
                     const Referral& referral, std::stop_token stop);
/// What that index holds; nothing when there is none, or something else. One attempt. Throws:
/// RegistryError.
std::vector<image::Descriptor> get_referrers_tag(RegistrySession& session,
                                                 const std::string& repository,
                                                 const base::Digest& subject, std::stop_token stop);

}  // namespace ibuild::registry
