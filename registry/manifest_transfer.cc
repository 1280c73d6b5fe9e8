// See: distribution-spec "Pulling manifests", "Pushing Manifests", "Deleting Manifests".
#include "registry/manifest_transfer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "registry/auth/scope.h"
#include "registry/content_hash.h"

namespace ibuild::registry {

namespace {

namespace media_type = image::media_type;

std::string accepted_types() {
  return base::join(std::vector<std::string>{std::string(media_type::kOciIndex),
                                             std::string(media_type::kOciManifest),
                                             std::string(media_type::kDockerList),
                                             std::string(media_type::kDockerManifest)},
                    ", ");
}

ApiRequest request_for(const char* method, const ManifestName& name) {
  ApiRequest request{.method = method, .path = "/v2/" + name.repository + "/manifests/" + name.key};
  request.need = {.repository = name.repository, .scopes = {pull_scope(name.repository)}};
  request.headers.add("Accept", accepted_types());
  request.body_cap_bytes = image::kMaxManifestBytes;
  return request;
}

/// Content-Type without parameters; empty when it is not that of a manifest.
std::string manifest_type(const HttpHeaders& headers) {
  const std::string value = headers.get("Content-Type");
  const std::string type = base::to_lower(base::trim(value.substr(0, value.find(';'))));
  return media_type::is_index(type) || media_type::is_manifest(type) ? type : "";
}

/// The document's own "mediaType"; servers without knowledge of it send text/plain or
/// application/json.
std::string type_in_document(const std::string& bytes) {
  const auto json = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  const auto found = json.find("mediaType");
  if (found != json.end() && found->is_string()) return found->get<std::string>();
  if (json.contains("manifests")) return std::string(media_type::kOciIndex);
  return json.contains("config") ? std::string(media_type::kOciManifest) : "";
}

void check_digest(const ManifestName& name, const char* who, const base::Digest& expected,
                  const base::Digest& actual) {
  if (expected == actual) return;
  throw base::ContentError("manifest " + name.repository + ":" + name.key + ": digest " + who,
                           expected.str(), actual.str());
}

bool is_unsupported(const RegistryError& error) {
  return std::ranges::find(error.codes(), "UNSUPPORTED") != error.codes().end();
}

/// What HEAD tells, if it tells all of it.
std::optional<image::Descriptor> descriptor_of(const HttpHeaders& headers) {
  const auto digest = base::Digest::try_parse(headers.get("Docker-Content-Digest"));
  const auto size = base::parse_u64(headers.get("Content-Length"));
  const std::string type = manifest_type(headers);
  if (!digest || !size || type.empty()) return std::nullopt;
  return image::Descriptor{.media_type = type, .digest = *digest, .size_bytes = *size};
}

/// Checks what GET has brought.
FetchedManifest checked(const ManifestName& name, ApiResponse answer) {
  if (answer.status() != 200) throw answer.error();
  const HttpHeaders& headers = answer.response.headers;
  std::string& bytes = answer.response.body;
  if (bytes.starts_with("\x1f\x8b") && headers.find("Content-Encoding")) {
    throw error_with_words(
        answer.record, 200,
        "the server, or a proxy in front of it, compresses manifests though nobody asked for it");
  }
  std::string type = manifest_type(headers);
  if (type.empty()) type = type_in_document(bytes);
  if (type.empty()) {
    throw error_with_words(
        answer.record, 200,
        "the answer is no manifest but \"" + base::printable(headers.get("Content-Type")) + "\"");
  }
  const auto told = base::Digest::try_parse(headers.get("Docker-Content-Digest"));
  base::Digest digest = name.digest ? digest_like(*name.digest, bytes) : base::sha256_of(bytes);
  if (name.digest) check_digest(name, "by name", *name.digest, digest);
  if (told) check_digest(name, "the registry tells", *told, digest_like(*told, bytes));
  const std::uint64_t size = bytes.size();
  return {{.media_type = std::move(type), .digest = std::move(digest), .size_bytes = size},
          std::move(bytes)};
}

}  // namespace

std::optional<image::Descriptor> head_manifest(RegistrySession& session, const ManifestName& name,
                                               Intent intent, std::stop_token stop) {
  const auto request = [&](const char* method) {
    ApiRequest made = request_for(method, name);
    if (intent == Intent::push) made.need.scopes = {push_scope(name.repository)};
    return made;
  };
  const ApiResponse answer = session.send(request("HEAD"), stop);
  if (answer.status() == 404) return std::nullopt;
  if (answer.status() == 200) {
    if (auto descriptor = descriptor_of(answer.response.headers)) {
      if (name.digest) check_digest(name, "by name", *name.digest, descriptor->digest);
      return descriptor;
    }
  } else if (answer.error().retryable() || answer.status() == 429) {
    throw answer.error();
  }
  // HEAD is not served, or has told too little: of an error the answer to GET has the words.
  const ApiResponse full = session.send(request("GET"), stop);
  if (full.status() == 404) return std::nullopt;
  return checked(name, full).descriptor;
}

FetchedManifest get_manifest(RegistrySession& session, const ManifestName& name,
                             std::stop_token stop) {
  return checked(name, session.send(request_for("GET", name), std::move(stop)));
}

PutManifest put_manifest(RegistrySession& session, const ManifestName& name,
                         std::string_view media_type, std::string_view bytes,
                         std::stop_token stop) {
  base::Digest digest = name.digest ? digest_like(*name.digest, bytes) : base::sha256_of(bytes);
  if (name.digest) check_digest(name, "by name", *name.digest, digest);
  ApiRequest request = request_for("PUT", name);
  request.headers = {{"Content-Type", std::string(media_type)}};
  request.need.scopes = {push_scope(name.repository)};
  request.open_body = [bytes] { return std::make_unique<base::StringSource>(bytes); };
  request.body_size_bytes = bytes.size();
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  if (!answer.confirms(digest)) throw answer.error();
  const auto told = base::Digest::try_parse(answer.response.headers.get("Docker-Content-Digest"));
  if (told) check_digest(name, "the registry tells", digest_like(*told, bytes), *told);
  const bool listed = answer.response.headers.find("OCI-Subject").has_value();
  return {.digest = std::move(digest), .listed_as_referrer = listed};
}

DeleteOutcome delete_manifest(RegistrySession& session, const ManifestName& name,
                              std::stop_token stop) {
  ApiRequest request = request_for("DELETE", name);
  request.need.scopes = {delete_scope(name.repository)};
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  switch (answer.status()) {
    case 200:
    case 202:
    case 204:
      return DeleteOutcome::deleted;
    case 404:
      return DeleteOutcome::not_there;
    case 405:
      return DeleteOutcome::not_served;
    case 400:  // also from registries that take a tag for a broken digest
      if (!name.digest || is_unsupported(answer.error())) return DeleteOutcome::not_served;
      [[fallthrough]];
    default:
      throw answer.error();
  }
}

}  // namespace ibuild::registry
