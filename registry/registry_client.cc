#include "registry/registry_client.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/synchronized.h"
#include "base/text.h"
#include "registry/auth/docker_config.h"
#include "registry/auth/scope.h"
#include "registry/blob_download.h"
#include "registry/blob_upload.h"
#include "registry/credentials.h"
#include "registry/endpoint.h"
#include "registry/http/tls_files.h"
#include "registry/make_client.h"
#include "registry/make_transport.h"
#include "registry/manifest_transfer.h"
#include "registry/page_link.h"
#include "registry/referrers.h"
#include "registry/registry_session.h"
#include "registry/routes.h"
#include "registry/tag_list.h"

namespace ibuild::registry {

namespace {

/// A mirror is asked twice before the next place gets its turn.
constexpr int kMirrorAttempts = 2;

class Client : public RegistryClient {
 public:
  Client(RegistryOptions options, WarningSink warn, ClientParts parts)
      : options_(std::move(options)),
        warnings_(std::move(warn)),
        routes_(options_, warnings_),
        transport_(std::move(parts.transport)),
        credentials_(options_),
        retrier_(retry_policy(options_), std::move(parts.wait)),
        slots_(options_.max_connections_per_host) {}

  std::optional<image::Descriptor> resolve(const image::Reference& reference,
                                           std::stop_token stop) override;
  std::optional<image::Descriptor> resolve_for_push(const image::Reference& reference,
                                                    std::stop_token stop) override;
  FetchedManifest fetch_manifest(const image::Reference& reference, std::stop_token stop) override;
  void fetch_blob(const image::Reference& repository, const image::Descriptor& blob,
                  BlobDestination destination, const TransferObserver& observer,
                  std::stop_token stop) override;
  bool has_blob(const image::Reference& repository, const base::Digest& digest,
                std::stop_token stop) override;
  UploadOutcome push_blob(const image::Reference& repository, const image::Descriptor& blob,
                          const BlobOpener& open, const std::string& mount_from,
                          const TransferObserver& observer, std::stop_token stop) override;
  void push_growing_blob(const image::Reference& repository, GrowingBlob& blob,
                         std::stop_token stop) override;
  bool is_new_repository(const image::Reference& repository, std::stop_token stop) override;
  base::Digest push_manifest(const image::Reference& reference, std::string_view media_type,
                             std::string_view bytes, std::stop_token stop) override;
  std::vector<std::string> list_tags(const image::Reference& repository,
                                     std::stop_token stop) override;
  std::vector<std::string> list_repositories(const std::string& host,
                                             std::stop_token stop) override;
  std::vector<image::Descriptor> list_referrers(const image::Reference& reference,
                                                const std::string& artifact_type,
                                                std::stop_token stop) override;
  DeleteOutcome delete_manifest(const image::Reference& reference, std::stop_token stop) override;
  void check_login(const std::string& host, const std::string& username,
                   const std::string& password, std::stop_token stop) override;

 private:
  RegistrySession& session_for(const Endpoint& endpoint);
  RegistrySession::Services services_for(const Endpoint& endpoint);
  std::optional<Credential> find_credential(const std::string& domain,
                                            const std::string& repository, std::stop_token stop);
  bool has_own_certificates(const std::string& host) const;

  /// A place that is asked for something, and whether bytes from there can be thrown away again.
  template <typename Result>
  struct Question {
    Purpose purpose;
    std::function<std::optional<Result>(RegistrySession&, const Endpoint&)> ask;
    std::function<bool()> can_start_over = [] { return true; };
    Retrier::Progress progress = {};
  };
  /// Asks the mirrors and then the registry, each with retries. Nothing for an answer means that
  /// the next place may know more.
  template <typename Result>
  std::optional<Result> ask_in_turn(const image::Reference& reference,
                                    const Question<Result>& question, std::stop_token stop);
  using NamePageGetter = std::function<NamePage(const std::string& path)>;
  /// The names of all pages, sorted.
  std::vector<std::string> list_names(const std::string& first, const NamePageGetter& get,
                                      const std::stop_token& stop);
  /// Tells it once for each mirror.
  void tell_failure(const Endpoint& mirror, const base::Error& error);
  /// The mirror is not asked again.
  void give_up(const Endpoint& mirror) { dead_mirrors_.lock()->insert(mirror.domain); }
  /// With retries; what comes to nothing is taken back.
  UploadOutcome carry_out(BlobUpload& upload, std::stop_token stop);
  void fetch_from_urls(BlobDownload& download, const image::Descriptor& blob, std::stop_token stop);

  const RegistryOptions options_;
  WarningLog warnings_;
  Routes routes_;
  std::unique_ptr<HttpTransport> transport_;
  CredentialStore credentials_;
  Retrier retrier_;
  TransferSlots slots_;
  base::Synchronized<std::map<std::string, std::unique_ptr<RegistrySession>>> sessions_;
  base::Synchronized<std::set<std::string>> dead_mirrors_;
};

bool Client::has_own_certificates(const std::string& host) const {
  if (!options_.ca_file.empty()) return true;
  return !find_tls_files({.all = options_.certs_dirs,
                          .with_hosts_files = options_.hosts_dirs,
                          .for_every_host = options_.cert_dir},
                         host)
              .empty();
}

std::optional<Credential> Client::find_credential(const std::string& domain,
                                                  const std::string& repository,
                                                  std::stop_token stop) {
  CredentialLookup lookup = credentials_.look_up(domain, repository, std::move(stop));
  for (const std::string& problem : lookup.problems) warnings_.show(problem);
  return std::move(lookup.credential);
}

RegistrySession::Services Client::services_for(const Endpoint& endpoint) {
  const auto find = [this, domain = endpoint.domain](const std::string& repository,
                                                     std::stop_token stop) {
    return find_credential(domain, repository, std::move(stop));
  };
  return {.transport = *transport_,
          .warnings = warnings_,
          .has_own_certificates =
              [this](const std::string& host) { return has_own_certificates(host); },
          .auth = {.transport = *transport_,
                   .find_credential = find,
                   .user_agent = options_.user_agent},
          .own_fields = credentials_.http_headers()};
}

RegistrySession& Client::session_for(const Endpoint& endpoint) {
  const PlaceRules& rules = endpoint.rules;
  const bool secure = endpoint.security == Endpoint::Security::required;
  const auto scheme = std::to_string(static_cast<int>(rules.scheme));
  const std::string key =
      base::join(std::vector<std::string>{endpoint.domain, secure ? "" : "insecure", scheme,
                                          rules.api_root, rules.name_space, rules.origin},
                 " ");
  auto sessions = sessions_.lock();
  std::unique_ptr<RegistrySession>& session = (*sessions)[key];
  if (!session) session = std::make_unique<RegistrySession>(endpoint, services_for(endpoint));
  return *session;
}

void Client::tell_failure(const Endpoint& mirror, const base::Error& error) {
  warnings_.show("mirror " + mirror.domain,
                 "mirror " + mirror.domain + " is passed over: " + error.what());
}

template <typename Result>
std::optional<Result> Client::ask_in_turn(const image::Reference& reference,
                                          const Question<Result>& question, std::stop_token stop) {
  const std::vector<Endpoint> endpoints = routes_.to_ask(reference, question.purpose);
  for (std::size_t i = 0; i + 1 < endpoints.size(); ++i) {
    const Endpoint& mirror = endpoints[i];
    if (dead_mirrors_.lock()->contains(mirror.domain)) continue;
    try {
      auto result = retrier_.with_attempts(kMirrorAttempts)
                        .run(
                            stop, [&] { return question.ask(session_for(mirror), mirror); },
                            question.progress);
      if (result) return result;
    } catch (const RegistryError& error) {
      // That a mirror lacks something is what the registry is there for.
      if (error.status() != 404) tell_failure(mirror, error);
      if (error.status() == 0) give_up(mirror);
    } catch (const base::ContentError& error) {
      tell_failure(mirror, error);
      give_up(mirror);
      if (!question.can_start_over()) throw;
    }
  }
  const Endpoint& origin = endpoints.back();
  return retrier_.run(
      stop, [&] { return question.ask(session_for(origin), origin); }, question.progress);
}

/// Something of a registry, where it does not matter what.
image::Reference any_of(const std::string& host) {
  return {normalize_server_key(host), "library/any", "", std::nullopt};
}

/// What a digest names is known; whoever answers for a tag is trusted.
Purpose purpose_of(const image::Reference& reference) {
  return reference.digest ? Purpose::pull : Purpose::resolve;
}

ManifestName manifest_name(const image::Reference& reference, const std::string& repository) {
  return {.repository = repository, .key = reference.manifest_key(), .digest = reference.digest};
}

std::optional<image::Descriptor> Client::resolve(const image::Reference& reference,
                                                 std::stop_token stop) {
  const Question<image::Descriptor> question{
      .purpose = purpose_of(reference),
      .ask = [&](RegistrySession& session, const Endpoint& endpoint) {
        return head_manifest(session, manifest_name(reference, endpoint.repository), Intent::pull,
                             stop);
      }};
  return ask_in_turn(reference, question, stop);
}

std::optional<image::Descriptor> Client::resolve_for_push(const image::Reference& reference,
                                                          std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(reference);
  const ManifestName name = manifest_name(reference, endpoint.repository);
  return retrier_.run(
      stop, [&] { return head_manifest(session_for(endpoint), name, Intent::push, stop); });
}

FetchedManifest Client::fetch_manifest(const image::Reference& reference, std::stop_token stop) {
  const Question<FetchedManifest> question{
      .purpose = purpose_of(reference),
      .ask = [&](RegistrySession& session, const Endpoint& endpoint) {
        return std::optional(
            get_manifest(session, manifest_name(reference, endpoint.repository), stop));
      }};
  return ask_in_turn(reference, question, stop).value();
}

void Client::fetch_from_urls(BlobDownload& download, const image::Descriptor& blob,
                             std::stop_token stop) {
  for (const std::string& text : blob.urls) {
    const std::optional<Url> url = parse_url(text);
    if (!url || !url->is_https() || is_local_only_host(url->host)) continue;
    retrier_.run(
        stop, [&] { download.attempt(*transport_, *url, options_.user_agent, stop); },
        [&] { return download.done_bytes(); });
    return;
  }
}

void Client::fetch_blob(const image::Reference& repository, const image::Descriptor& blob,
                        BlobDestination destination, const TransferObserver& observer,
                        std::stop_token stop) {
  BlobDownload download(blob, destination, observer, slots_);
  Endpoint served_by;
  const Question<bool> question{.purpose = Purpose::pull,
                                .ask =
                                    [&](RegistrySession& session, const Endpoint& endpoint) {
                                      served_by = endpoint;
                                      download.attempt(session, endpoint.repository, stop);
                                      return std::optional(true);
                                    },
                                .can_start_over = [&] { return download.done_bytes() == 0; },
                                .progress = [&] { return download.done_bytes(); }};
  try {
    ask_in_turn(repository, question, stop);
  } catch (const RegistryError& error) {
    if (error.status() != 404 || blob.urls.empty()) throw;
    fetch_from_urls(download, blob, stop);
    if (!download.complete()) throw;
  }
  if (const auto actual = download.find_mismatch()) {
    const base::ContentError error("blob from " + served_by.name() + ": digest", blob.digest.str(),
                                   actual->str());
    if (served_by.kind == Endpoint::Kind::mirror) {
      tell_failure(served_by, error);
      give_up(served_by);
    }
    throw error;
  }
}

bool Client::has_blob(const image::Reference& repository, const base::Digest& digest,
                      std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(repository);
  const AccessNeed need{.repository = endpoint.repository,
                        .scopes = {pull_scope(endpoint.repository)}};
  return retrier_.run(stop, [&] {
    return head_blob(session_for(endpoint), endpoint.repository, digest, need, stop);
  });
}

UploadOutcome Client::push_blob(const image::Reference& repository, const image::Descriptor& blob,
                                const BlobOpener& open, const std::string& mount_from,
                                const TransferObserver& observer, std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(repository);
  BlobUpload upload(session_for(endpoint), {.repository = endpoint.repository,
                                            .blob = blob,
                                            .open = open,
                                            .mount_from = mount_from,
                                            .observer = observer});
  return carry_out(upload, std::move(stop));
}

void Client::push_growing_blob(const image::Reference& repository, GrowingBlob& blob,
                               std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(repository);
  BlobUpload upload(session_for(endpoint), endpoint.repository, blob);
  carry_out(upload, std::move(stop));
}

UploadOutcome Client::carry_out(BlobUpload& upload, std::stop_token stop) {
  try {
    return retrier_.run(
        stop, [&] { return upload.attempt(stop); }, [&] { return upload.done_bytes(); });
  } catch (const RegistryError& error) {
    if (error.status() != 0) upload.abandon(stop);  // else nobody is there to be told
    throw;
  } catch (const base::ContentError&) {
    upload.abandon(stop);
    throw;
  }
}

bool Client::is_new_repository(const image::Reference& repository, std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(repository);
  try {
    const auto path = tag_page(endpoint.repository, /*tags=*/1);
    return get_tag_page(session_for(endpoint), endpoint.repository, path, std::move(stop))
        .names.empty();
  } catch (const RegistryError& error) {
    if (error.status() == 404) return true;
    throw;
  }
}

base::Digest Client::push_manifest(const image::Reference& reference, std::string_view media_type,
                                   std::string_view bytes, std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(reference);
  const ManifestName name = manifest_name(reference, endpoint.repository);
  RegistrySession& session = session_for(endpoint);
  const PutManifest put =
      retrier_.run(stop, [&] { return put_manifest(session, name, media_type, bytes, stop); });
  if (put.listed_as_referrer) return put.digest;
  if (const auto referral = find_referral(bytes, media_type)) {
    retrier_.run(stop, [&] { add_to_referrers_tag(session, name.repository, *referral, stop); });
  }
  return put.digest;
}

std::vector<std::string> Client::list_names(const std::string& first, const NamePageGetter& get,
                                            const std::stop_token& stop) {
  std::set<std::string> names;
  get_pages(first, [&](const std::string& path) {
    NamePage page = retrier_.run(stop, [&] { return get(path); });
    names.insert(page.names.begin(), page.names.end());
    return std::move(page.next);
  });
  return {names.begin(), names.end()};
}

std::vector<std::string> Client::list_tags(const image::Reference& repository,
                                           std::stop_token stop) {
  const Endpoint endpoint = routes_.to_list(repository, Purpose::resolve);
  RegistrySession& session = session_for(endpoint);
  const auto get = [&](const std::string& path) {
    return get_tag_page(session, endpoint.repository, path, stop);
  };
  return list_names(tag_page(endpoint.repository), get, stop);
}

std::vector<std::string> Client::list_repositories(const std::string& host, std::stop_token stop) {
  RegistrySession& session = session_for(routes_.to_log_in(any_of(host)));
  const auto get = [&](const std::string& path) { return get_catalog_page(session, path, stop); };
  return list_names(first_catalog_page(), get, stop);
}

std::vector<image::Descriptor> Client::list_referrers(const image::Reference& reference,
                                                      const std::string& artifact_type,
                                                      std::stop_token stop) {
  const Endpoint endpoint = routes_.to_list(reference, Purpose::referrers);
  const base::Digest& subject = reference.digest.value();
  RegistrySession& session = session_for(endpoint);
  std::vector<image::Descriptor> found;
  const auto first = first_referrers_page(endpoint.repository, subject, artifact_type);
  get_pages(first, [&](const std::string& path) {
    auto page = retrier_.run(
        stop, [&] { return get_referrers_page(session, endpoint.repository, path, stop); });
    if (page) {
      found.insert(found.end(), page->referrers.begin(), page->referrers.end());
      return std::move(page->next);
    }
    found = retrier_.run(
        stop, [&] { return get_referrers_tag(session, endpoint.repository, subject, stop); });
    return std::string();
  });
  // Registries need not filter.
  if (!artifact_type.empty())
    std::erase_if(found, [&](const auto& one) { return one.artifact_type != artifact_type; });
  std::ranges::sort(found, {}, [](const auto& one) { return one.digest.str(); });
  const auto is_same = [](const auto& a, const auto& b) { return a.digest == b.digest; };
  found.erase(std::unique(found.begin(), found.end(), is_same), found.end());
  return found;
}

DeleteOutcome Client::delete_manifest(const image::Reference& reference, std::stop_token stop) {
  const Endpoint endpoint = routes_.to_push(reference);
  const ManifestName name = manifest_name(reference, endpoint.repository);
  RegistrySession& session = session_for(endpoint);
  std::optional<Referral> referral;  // a tag goes alone, without the manifest
  if (name.digest) referral = retrier_.run(stop, [&] { return ask_referral(session, name, stop); });
  const DeleteOutcome outcome =
      retrier_.run(stop, [&] { return registry::delete_manifest(session, name, stop); });
  if (outcome != DeleteOutcome::not_served && referral) {
    retrier_.run(stop, [&] { forget_referral(session, name.repository, *referral, stop); });
  }
  return outcome;
}

void Client::check_login(const std::string& host, const std::string& username,
                         const std::string& password, std::stop_token stop) {
  const Endpoint endpoint = routes_.to_log_in(any_of(host));
  RegistrySession::Services services = services_for(endpoint);
  if (!username.empty() || !password.empty()) {
    services.auth.find_credential = [&](const std::string&, const std::stop_token&) {
      return std::optional(Credential{.username = username, .password = password});
    };
  }
  RegistrySession session(endpoint, std::move(services));
  retrier_.run(stop, [&] {
    const ApiResponse answer = session.send({.method = "GET", .path = "/v2/"}, stop);
    if (answer.status() != 200) throw answer.error();
  });
}

}  // namespace

std::unique_ptr<RegistryClient> make_registry_client(RegistryOptions options, WarningSink warn,
                                                     ClientParts parts) {
  return std::make_unique<Client>(std::move(options), std::move(warn), std::move(parts));
}

std::unique_ptr<RegistryClient> make_registry_client(RegistryOptions options, WarningSink warn) {
  ClientParts parts{.transport = make_transport(options), .wait = make_waiter()};
  return make_registry_client(std::move(options), std::move(warn), std::move(parts));
}

}  // namespace ibuild::registry
