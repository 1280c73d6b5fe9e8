// See: nginx.org/en/docs/http/ngx_http_core_module.html and ngx_http_proxy_module.html.
#include "tests/e2e/support/reverse_proxy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include "base/child.h"
#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/scripted_server.h"

namespace ibuild::e2e {

namespace {

constexpr const char* kProgram = "/usr/sbin/nginx";  // not on everybody's PATH
constexpr std::chrono::milliseconds kStartTimeout{20000};
constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::uint64_t kLogCapBytes = 64 << 20;
/// Another program may take a free port before nginx does.
constexpr int kMaxStarts = 5;

/// Where nginx puts what it would keep below /var.
std::string own_files(const std::string& dir) {
  std::string text = fmt::format("pid {0}/pid;\nerror_log {0}/errors;\n", dir);
  if (::geteuid() == 0) text += "user root;\n";
  text += fmt::format(
      "events {{ worker_connections 256; }}\nhttp {{\n"
      "map $http_authorization $shown {{ '' 'anonymous'; default 'credential'; }}\n"
      "map $request_body_file $kept {{ '' 'from memory'; default 'from a file'; }}\n"
      "log_format lines '$place $request_method $request_uri $status $kept, $shown';\n"
      "access_log {0}/log lines;\nclient_body_temp_path {0}/body;\nproxy_temp_path {0}/proxy;\n"
      "fastcgi_temp_path {0}/fastcgi;\nuwsgi_temp_path {0}/uwsgi;\nscgi_temp_path {0}/scgi;\n",
      dir);
  return text;
}

/// `listen`: "127.0.0.1:5000", with " ssl" after it where it is so.
std::string server_block(const std::string& listen, const std::string& place,
                         const std::string& rest) {
  return fmt::format(
      "server {{\nlisten {};\nset $place {};\nproxy_set_header Host $http_host;\n"
      "proxy_buffering on;\nproxy_request_buffering on;\n{}}}\n",
      listen, place, rest);
}

}  // namespace

struct ReverseProxy::State {
  State(const test::RegistryServer& behind_server, ReverseProxyOptions given)
      : options(std::move(given)),
        behind(behind_server.url()),
        storage(behind_server.storage_dir()),
        certificate(behind_server.server_certificate_file()),
        key(behind_server.server_key_file()),
        dir(base::DirFd::open(test::temp_root()), "ibuild-test-nginx-") {}

  std::string file(const char* name) const { return dir.host_path() + "/" + name; }

  bool speaks_tls() const { return behind.starts_with("https:"); }
  std::string listen(int at) const {
    return "127.0.0.1:" + std::to_string(at) + (speaks_tls() ? " ssl" : "");
  }

  /// Blobs as files of the registry's, for nobody who shows a credential.
  std::string blob_block() const {
    return server_block(listen(blob_port), "elsewhere",
                        "if ($http_authorization) { return 403; }\n"
                        "location ~ ^/v2/.+/blobs/sha256:(?<begin>..)(?<rest>.+)$ {\nalias " +
                            storage +
                            "/docker/registry/v2/blobs/sha256/$begin/$begin$rest/data;\n}\n");
  }

  std::string config() const {
    std::string text = own_files(dir.host_path());
    if (speaks_tls())
      text += fmt::format("ssl_certificate {};\nssl_certificate_key {};\n", certificate, key);
    std::string here = "client_max_body_size " + options.body_limit + ";\n";
    if (options.blobs == ReverseProxyOptions::Blobs::elsewhere) {
      here += fmt::format(
          "location ~ ^/v2/.+/blobs/sha256: {{ return 307 $scheme://127.0.0.1:{}$request_uri; }}\n",
          blob_port);
      text += blob_block();
    }
    if (!options.token_server.empty())
      here += "location /auth/ { proxy_pass http://" + options.token_server + "; }\n";
    here += "location / { proxy_pass " + behind + "; }\n";
    return text + server_block(listen(port), "here", here) + "}\n";
  }

  /// False when it ends at once.
  bool start() {
    port = test::dead_port();
    blob_port = test::dead_port();
    base::write_file_atomically(dir.dir(), base::RelPath::exact("config"), config());
    base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) throw base::SystemError("open", "/dev/null");
    // One process: there is no worker that outlives it.
    child.emplace(base::spawn_program({kProgram, "-p", dir.host_path(), "-e", file("errors"), "-c",
                                       file("config"), "-g", "daemon off; master_process off;"},
                                      null.get(), null.get(), null.get()));
    const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
    // It writes the file when it listens.
    while (::access(file("pid").c_str(), F_OK) != 0) {
      if (child->wait_for(kPollInterval)) return false;
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }

  std::string read(const char* name) const {
    return base::try_read_host_file(file(name), kLogCapBytes).value_or("");
  }

  ReverseProxyOptions options;
  std::string behind;
  std::string storage;
  std::string certificate;
  std::string key;
  base::TempDir dir;
  int port = 0;
  int blob_port = 0;
  std::optional<base::Child> child;
};

std::string ReverseProxy::why_unavailable() {
  return ::access(kProgram, X_OK) == 0 ? "" : "nginx is not installed";
}

ReverseProxy::ReverseProxy(const test::RegistryServer& behind, ReverseProxyOptions options)
    : state_(std::make_unique<State>(behind, std::move(options))) {
  for (int i = 0; i < kMaxStarts; ++i) {
    if (state_->start()) return;
  }
  throw base::Error("nginx did not start: " + state_->read("errors"));
}

ReverseProxy::~ReverseProxy() = default;

std::string ReverseProxy::host() const { return "127.0.0.1:" + std::to_string(state_->port); }

std::vector<std::string> ReverseProxy::end() {
  state_->child->send_signal(SIGQUIT);
  state_->child->wait();
  std::vector<std::string> lines;
  for (const auto line : base::split(state_->read("log"), '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace ibuild::e2e
