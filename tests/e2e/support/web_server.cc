// See: git-http-backend(1), RFC 3875 (CGI).
#include "tests/e2e/support/web_server.h"

#include <httplib.h>

#include "base/child.h"
#include "base/text.h"

namespace ibuild::e2e {

namespace {

constexpr std::string_view kGit = "/git/";

bool refuse_without(const std::string& authorization, const httplib::Request& request,
                    httplib::Response& response) {
  if (authorization.empty() || request.get_header_value("Authorization") == authorization)
    return false;
  response.status = 401;
  response.set_header("WWW-Authenticate", "Basic realm=\"test\"");
  return true;
}

/// Takes what a CGI program printed apart.
void take_cgi_output(const std::string& output, httplib::Response& response) {
  const auto end = output.find("\r\n\r\n");
  const std::string head = output.substr(0, end);
  std::string type = "text/plain";
  response.status = 200;
  for (const auto line : base::split(head, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = line.substr(0, colon);
    const std::string value(base::trim(line.substr(colon + 1)));
    if (name == "Status") {
      response.status = std::stoi(value);
    } else if (name == "Content-Type") {
      type = value;
    } else {
      response.set_header(std::string(name), value);
    }
  }
  response.set_content(end == std::string::npos ? "" : output.substr(end + 4), type);
}

}  // namespace

WebServer::WebServer() : server_(std::make_unique<httplib::Server>()) {
  const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response);
    const std::lock_guard lock(mutex_);
    log_.push_back(request.method + " " + request.path + " " + std::to_string(response.status));
  };
  server_->Get(".*", handler);
  server_->Post(".*", handler);
  port_ = server_->bind_to_any_port("127.0.0.1");
  thread_ = std::jthread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();
}

WebServer::~WebServer() { server_->stop(); }

void WebServer::put(const std::string& path, File file) {
  const std::lock_guard lock(mutex_);
  files_[path] = std::move(file);
}

void WebServer::serve_git(const std::string& directory, const std::string& authorization) {
  const std::lock_guard lock(mutex_);
  git_directory_ = directory;
  git_authorization_ = authorization;
}

std::vector<std::string> WebServer::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void WebServer::answer(const httplib::Request& request, httplib::Response& response) {
  if (request.path.starts_with(kGit)) return answer_git(request, response);
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(request.path);
  if (found == files_.end()) {
    response.status = 404;
    return;
  }
  const auto& [content, headers, authorization] = found->second;
  if (refuse_without(authorization, request, response)) return;
  for (const auto& [name, value] : headers) response.set_header(name, value);
  const auto etag = headers.find("ETag");
  if (etag != headers.end() && request.get_header_value("If-None-Match") == etag->second) {
    response.status = 304;
    return;
  }
  response.status = 200;
  const auto type = headers.find("Content-Type");
  response.headers.erase("Content-Type");
  response.set_content(content, type != headers.end() ? type->second : "application/octet-stream");
}

void WebServer::answer_git(const httplib::Request& request, httplib::Response& response) const {
  if (refuse_without(git_authorization_, request, response)) return;
  const auto question = request.target.find('?');
  const std::vector<std::string> env = {
      "GIT_PROJECT_ROOT=" + git_directory_,
      "GIT_HTTP_EXPORT_ALL=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_CONFIG_COUNT=2",
      "GIT_CONFIG_KEY_0=safe.directory",
      "GIT_CONFIG_VALUE_0=*",
      "GIT_CONFIG_KEY_1=uploadpack.allowAnySHA1InWant",
      "GIT_CONFIG_VALUE_1=true",
      "PATH_INFO=" + request.path.substr(kGit.size() - 1),
      "QUERY_STRING=" + (question == std::string::npos ? "" : request.target.substr(question + 1)),
      "REQUEST_METHOD=" + request.method,
      "CONTENT_TYPE=" + request.get_header_value("Content-Type"),
      "CONTENT_LENGTH=" + std::to_string(request.body.size()),
      "GIT_PROTOCOL=" + request.get_header_value("Git-Protocol")};
  const auto result = base::run_program(
      {"git", "http-backend"},
      {.stdin_text = request.body, .extra_env = env, .output_cap_bytes = 64 << 20});
  take_cgi_output(result.out, response);
}

}  // namespace ibuild::e2e
