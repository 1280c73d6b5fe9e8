// See: distribution-spec "Listing Referrers", "Pushing Manifests with Subject", "Referrers Tag
// Schema".
#include "registry/referrers.h"

#include <algorithm>
#include <variant>

#include "base/text.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "registry/auth/scope.h"
#include "registry/page_link.h"

namespace ibuild::registry {

namespace {

namespace media_type = image::media_type;

bool is_index_answer(const ApiResponse& answer) {
  const std::string type = answer.response.headers.get("Content-Type");
  return base::to_lower(base::trim(type.substr(0, type.find(';')))) == media_type::kOciIndex;
}

ManifestName stand_in(const std::string& repository, const base::Digest& subject) {
  return {.repository = repository, .key = referrers_tag(subject), .digest = std::nullopt};
}

image::Index get_stand_in(RegistrySession& session, const ManifestName& name,
                          std::stop_token stop) {
  try {
    const FetchedManifest found = get_manifest(session, name, std::move(stop));
    return image::parse_index(found.bytes, found.descriptor.media_type);
  } catch (const RegistryError& error) {
    if (error.status() != 404) throw;
    image::Index index;
    index.media_type = media_type::kOciIndex;
    return index;
  }
}

}  // namespace

std::string first_referrers_page(const std::string& repository, const base::Digest& subject,
                                 const std::string& artifact_type) {
  const std::string path = "/v2/" + repository + "/referrers/" + subject.str();
  return artifact_type.empty() ? path : path + "?artifactType=" + percent_encode(artifact_type);
}

std::optional<ReferrersPage> get_referrers_page(RegistrySession& session,
                                                const std::string& repository,
                                                const std::string& path, std::stop_token stop) {
  ApiRequest request{.method = "GET", .path = path};
  request.need = {.repository = repository, .scopes = {pull_scope(repository)}};
  request.headers.add("Accept", std::string(media_type::kOciIndex));
  request.body_cap_bytes = image::kMaxManifestBytes;
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  switch (answer.status()) {
    case 200:
      break;
    case 404:
    case 405:
    case 406:
      return std::nullopt;
    default:
      throw answer.error();
  }
  if (!is_index_answer(answer)) return std::nullopt;  // a page for everything that is not known
  image::Index index = image::parse_index(answer.response.body, media_type::kOciIndex);
  return ReferrersPage{.referrers = std::move(index.manifests), .next = next_page(answer)};
}

std::string referrers_tag(const base::Digest& subject) {
  constexpr std::size_t kMaxAlgorithm = 32;
  constexpr std::size_t kMaxHex = 64;
  return std::string(subject.algorithm().substr(0, kMaxAlgorithm)) + "-" +
         std::string(subject.hex().substr(0, kMaxHex));
}

std::optional<Referral> find_referral(std::string_view bytes, std::string_view media_type) {
  if (bytes.find("\"subject\"") == std::string_view::npos) return std::nullopt;
  const auto parsed = image::parse_manifest_or_index(bytes, media_type);
  Referral referral;
  image::Descriptor& referrer = referral.referrer;
  const auto take = [&](const auto& document) {
    if (!document.subject) return false;
    referral.subject = document.subject->digest;
    referrer.media_type = document.media_type;
    referrer.artifact_type = document.artifact_type;
    referrer.annotations = document.annotations;
    return true;
  };
  if (!std::visit(take, parsed)) return std::nullopt;
  if (const auto* manifest = std::get_if<image::Manifest>(&parsed)) {
    if (referrer.artifact_type.empty()) referrer.artifact_type = manifest->config.media_type;
  }
  referrer.digest = base::sha256_of(bytes);
  referrer.size_bytes = bytes.size();
  return referral;
}

std::vector<image::Descriptor> get_referrers_tag(RegistrySession& session,
                                                 const std::string& repository,
                                                 const base::Digest& subject,
                                                 std::stop_token stop) {
  try {
    return get_stand_in(session, stand_in(repository, subject), std::move(stop)).manifests;
  } catch (const base::ContentError&) {
    return {};  // what bears such a tag by chance is no list of referrers
  } catch (const RegistryError& error) {
    if (error.status() != 200) throw;
    return {};
  }
}

void add_to_referrers_tag(RegistrySession& session, const std::string& repository,
                          const Referral& referral, std::stop_token stop) {
  const ManifestName name = stand_in(repository, referral.subject);
  image::Index index = get_stand_in(session, name, stop);
  const auto is_it = [&](const auto& entry) { return entry.digest == referral.referrer.digest; };
  if (std::ranges::any_of(index.manifests, is_it)) return;
  index.manifests.push_back(referral.referrer);
  put_manifest(session, name, index.media_type, image::to_json(index), stop);
}

std::optional<Referral> ask_referral(RegistrySession& session, const ManifestName& name,
                                     std::stop_token stop) {
  try {
    const FetchedManifest found = get_manifest(session, name, std::move(stop));
    return find_referral(found.bytes, found.descriptor.media_type);
  } catch (const RegistryError& error) {
    if (error.retryable()) throw;
  } catch (const base::ContentError&) {
    // Whoever removes what is broken does right.
  }
  return std::nullopt;
}

void forget_referral(RegistrySession& session, const std::string& repository,
                     const Referral& referral, std::stop_token stop) {
  const std::string page = first_referrers_page(repository, referral.subject, {});
  if (get_referrers_page(session, repository, page, stop)) return;
  const ManifestName name = stand_in(repository, referral.subject);
  image::Index index = get_stand_in(session, name, stop);
  const auto is_it = [&](const auto& entry) { return entry.digest == referral.referrer.digest; };
  if (std::erase_if(index.manifests, is_it) == 0) return;
  put_manifest(session, name, index.media_type, image::to_json(index), stop);
}

}  // namespace ibuild::registry
