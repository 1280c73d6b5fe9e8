// See: distribution-spec; distribution's docs/spec/auth/token.md; Docker Hub's documents on usage
// and limits.
#include "tests/e2e/support/docker_hub.h"

#include <httplib.h>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::e2e {

namespace {

constexpr const char* kRegistry = "registry-1.docker.io";
constexpr const char* kTokens = "auth.docker.io";
constexpr const char* kBlobs = "production.cloudflare.docker.com";

std::vector<std::string> certificate_names() {
  std::vector<std::string> names = {"127.0.0.1"};
  for (const auto& [name, address] : DockerHub::hosts()) names.push_back(name);
  return names;
}

/// "library/python" of "/v2/library/python/manifests/3.7"
std::string repository_of(const std::string& path) {
  for (const char* mark : {"/manifests/", "/blobs/", "/tags/"}) {
    const auto end = path.find(mark);
    if (end != std::string::npos && path.starts_with("/v2/")) return path.substr(4, end - 4);
  }
  return {};
}

bool is_read(const httplib::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

void answer_json(httplib::Response& response, int status, const std::string& body) {
  response.status = status;
  response.set_content(body, "application/json");
}

}  // namespace

std::map<std::string, std::string> DockerHub::hosts() {
  return {{kRegistry, "127.0.0.2"}, {kTokens, "127.0.0.3"}, {kBlobs, "127.0.0.4"}};
}

DockerHub::DockerHub()
    : store_({.scheme = test::RegistryServerOptions::Scheme::https,
              .certificate_names = certificate_names(),
              .mirror_of = {}}) {
  serve(kRegistry, &DockerHub::answer_registry);
  serve(kTokens, &DockerHub::answer_token);
  serve(kBlobs, &DockerHub::answer_blob);
}

DockerHub::~DockerHub() {
  for (const auto& server : servers_) server->stop();
}

void DockerHub::serve(const std::string& name, Handler handler) {
  auto& server = *servers_.emplace_back(std::make_unique<httplib::SSLServer>(
      store_.server_certificate_file().c_str(), store_.server_key_file().c_str()));
  const auto answer = [this, name, handler](const httplib::Request& request,
                                            httplib::Response& response) {
    (this->*handler)(request, response);
    const std::lock_guard lock(mutex_);
    log_.push_back(name + " " + request.method + " " + request.path + " " +
                   std::to_string(response.status));
  };
  server.Get(".*", answer);
  server.Post(".*", answer);
  server.Put(".*", answer);
  server.Patch(".*", answer);
  if (!server.bind_to_port(hosts().at(name).c_str(), 443))
    throw base::Error("cannot listen at port 443 of " + name);
  threads_.emplace_back([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
}

void DockerHub::set_quota(int left) {
  const std::lock_guard lock(mutex_);
  quota_ = left;
}

std::vector<std::string> DockerHub::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void DockerHub::answer_token(const httplib::Request& request, httplib::Response& response) {
  const std::string account =
      httplib::make_basic_authentication_header(test::RegistryServer::username(),
                                                test::RegistryServer::password())
          .second;
  const std::string given = request.get_header_value("Authorization");
  if (request.get_param_value("service") != "registry.docker.io" ||
      (!given.empty() && given != account)) {
    return answer_json(response, 401, R"({"details":"incorrect username or password"})");
  }
  std::string granted;
  for (std::size_t i = 0; i < request.get_param_value_count("scope"); ++i) {
    const std::string scope = request.get_param_value("scope", i);
    const bool own =
        scope.starts_with("repository:" + test::RegistryServer::username() + "/") && !given.empty();
    granted += own ? scope + "\n" : scope.substr(0, scope.rfind(':')) + ":pull\n";
  }
  const std::lock_guard lock(mutex_);
  const std::string token = "token-" + std::to_string(tokens_.size());
  tokens_[token] = granted;
  answer_json(response, 200, R"({"token":")" + token + R"(","expires_in":300})");
}

bool DockerHub::refuse_without_token(const httplib::Request& request, httplib::Response& response) {
  const std::string repository = repository_of(request.path);
  const std::string action = is_read(request) ? "pull" : "push";
  const std::string given = request.get_header_value("Authorization");
  {
    const std::lock_guard lock(mutex_);
    const auto token = tokens_.find(given.starts_with("Bearer ") ? given.substr(7) : "");
    if (token != tokens_.end()) {
      const auto scope = token->second.find("repository:" + repository + ":");
      if (repository.empty() ||
          (scope != std::string::npos &&
           token->second.substr(scope, token->second.find('\n', scope) - scope).find(action) !=
               std::string::npos)) {
        return false;
      }
    }
  }
  std::string challenge =
      "Bearer realm=\"https://" + std::string(kTokens) + "/token\",service=\"registry.docker.io\"";
  if (!repository.empty()) {
    challenge += ",scope=\"repository:" + repository + ":" +
                 (action == "push" ? "pull,push" : "pull") + "\"";
  }
  response.set_header("WWW-Authenticate", challenge);
  answer_json(response, 401,
              R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})");
  return true;
}

bool DockerHub::take_from_quota(const httplib::Request& request, httplib::Response& response) {
  if (!is_read(request) || request.path.find("/manifests/") == std::string::npos) return true;
  const std::lock_guard lock(mutex_);
  const bool left = quota_ > 0 || request.method == "HEAD";
  if (request.method == "GET" && quota_ > 0) --quota_;
  response.set_header("ratelimit-limit", "100;w=21600");
  response.set_header("ratelimit-remaining", std::to_string(quota_) + ";w=21600");
  response.set_header("docker-ratelimit-source", "127.0.0.1");
  if (left) return true;
  answer_json(response, 429,
              R"({"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate )"
              R"(limit."}]})");
  return false;
}

void DockerHub::answer_registry(const httplib::Request& request, httplib::Response& response) {
  if (refuse_without_token(request, response) || !take_from_quota(request, response)) return;
  const auto blob = request.path.find("/blobs/sha256:");
  if (request.method == "GET" && blob != std::string::npos) {
    response.status = 307;
    response.set_header("Location", "https://" + std::string(kBlobs) + request.path +
                                        "?expires=1700000000&signature=c2lnbmVk");
    return;
  }
  pass_on(request, response);
}

void DockerHub::answer_blob(const httplib::Request& request, httplib::Response& response) {
  // Storage refuses requests that bear credentials beside the signature.
  if (request.has_header("Authorization") || request.get_param_value("signature") != "c2lnbmVk") {
    response.status = 400;
    return;
  }
  pass_on(request, response);
}

void DockerHub::pass_on(const httplib::Request& request, httplib::Response& response) {
  httplib::SSLClient client("127.0.0.1", store_.port());
  client.enable_server_certificate_verification(false);
  httplib::Request inner;
  // The length in an answer to HEAD is lost on the way, that of a body is not.
  inner.method = request.method == "HEAD" ? "GET" : request.method;
  inner.path = request.target;
  inner.headers = {{"Host", kRegistry}};
  for (const char* name : {"Accept", "Content-Type", "Content-Range"}) {
    if (request.has_header(name)) inner.headers.emplace(name, request.get_header_value(name));
  }
  inner.body = request.body;
  const auto result = client.send(inner);
  if (!result) throw base::Error("the registry behind Docker Hub gave no answer");
  response.status = result->status;
  for (const char* name : {"Location", "Docker-Content-Digest", "Docker-Upload-UUID", "Range"}) {
    if (result->has_header(name)) response.set_header(name, result->get_header_value(name));
  }
  const std::string type = result->get_header_value("Content-Type");
  if (!result->body.empty())
    response.set_content(result->body, type.empty() ? "application/octet-stream" : type);
}

}  // namespace ibuild::e2e
