#include "tests/support/registry_server.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "base/child.h"
#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {

namespace {

using base::RelPath;

constexpr std::chrono::milliseconds kStartTimeout{20000};
constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::uint64_t kLogCapBytes = 64 << 20;

/// What `argv` prints; throws when it fails.
std::string output_of(const std::vector<std::string>& argv) {
  const base::ProgramResult result = base::run_program(argv);
  if (!result.status.success()) {
    throw base::Error(argv[0] + ": " + result.status.describe() + ": " + result.err);
  }
  return result.out;
}

bool is_on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (std::string_view dir : base::split(path != nullptr ? path : "/usr/bin:/bin", ':')) {
    if (::access((std::string(dir) + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

bool is_address(const std::string& name) {
  return name.find(':') != std::string::npos ||
         name.find_first_not_of("0123456789.") == std::string::npos;
}

/// Makes <name>.key and <name>.crt, signed by ca.key, in `dir`.
void issue_certificate(const base::DirFd& dir, const std::string& name,
                       const std::string& extensions) {
  const auto at = [&](const std::string& file) { return dir.shown_as() + "/" + file; };
  output_of({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=ibuild test " + name, "-keyout", at(name + ".key"), "-out",
             at(name + ".csr")});
  base::write_file_atomically(dir, RelPath::exact(name + ".ext"), extensions);
  output_of({"openssl", "x509", "-req", "-in", at(name + ".csr"), "-CA", at("ca.crt"), "-CAkey",
             at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at(name + ".ext"), "-out",
             at(name + ".crt")});
}

/// A CA (ca.crt), a server certificate for `names` (server.crt, server.key) and a client's
/// (client.crt, client.key) in `dir`.
void make_certificates(const base::DirFd& dir, const std::vector<std::string>& names) {
  const std::string& path = dir.shown_as();
  output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=ibuild test CA", "-addext",
             "basicConstraints=critical,CA:TRUE", "-keyout", path + "/ca.key", "-out",
             path + "/ca.crt"});
  std::vector<std::string> alternatives;
  for (const std::string& name : names) {
    alternatives.push_back((is_address(name) ? "IP:" : "DNS:") + name);
  }
  issue_certificate(dir, "server", "subjectAltName=" + base::join(alternatives, ",") + "\n");
  issue_certificate(dir, "client", "extendedKeyUsage=clientAuth\n");
}

/// The port in the server's line "listening on 127.0.0.1:34567"; none while it is not there.
std::optional<int> listening_port(const std::string& log) {
  constexpr std::string_view kMark = "listening on 127.0.0.1:";
  const std::size_t mark = log.find(kMark);
  if (mark == std::string::npos) return std::nullopt;
  const std::size_t begin = mark + kMark.size();
  const std::size_t end = log.find_first_not_of("0123456789", begin);
  if (end == std::string::npos) return std::nullopt;
  const auto port = base::parse_u64(std::string_view(log).substr(begin, end - begin));
  return port ? std::optional<int>(static_cast<int>(*port)) : std::nullopt;
}

std::string config_text(const RegistryServerOptions& options, const std::string& dir) {
  std::string text =
      "version: 0.1\n"
      "log: {level: info, formatter: text}\n"
      "storage:\n"
      "  filesystem: {rootdirectory: " +
      dir +
      "/storage}\n"
      "  delete: {enabled: true}\n"
      "http:\n"
      "  addr: 127.0.0.1:0\n"
      "  secret: for-tests\n";
  if (options.scheme == RegistryServerOptions::Scheme::https) {
    text += "  tls:\n    certificate: " + dir + "/server.crt\n    key: " + dir + "/server.key\n";
    if (options.wants_client_certificate) {
      text += "    clientcas: [" + dir + "/ca.crt]\n";
    }
  }
  if (options.access == RegistryServerOptions::Access::basic_auth) {
    text += "auth: {htpasswd: {realm: tests, path: " + dir + "/htpasswd}}\n";
  }
  if (options.access == RegistryServerOptions::Access::token) {
    text +=
        "auth: {token: {autoredirect: true, realm: \"https://127.0.0.1/\", service: tests, issuer: "
        "\"" +
        std::string(RegistryServerOptions::kTokenIssuer) +
        "\", rootcertbundle: " + options.token_certificate_file + "}}\n";
  }
  if (!options.mirror_of.empty()) text += "proxy: {remoteurl: \"" + options.mirror_of + "\"}\n";
  return text;
}

}  // namespace

struct RegistryServer::State {
  explicit State(RegistryServerOptions given)
      : options(std::move(given)), dir(base::DirFd::open(temp_root()), "ibuild-test-registry-") {
    if (options.scheme == RegistryServerOptions::Scheme::https) {
      make_certificates(dir.dir(), options.certificate_names);
    }
    if (options.access == RegistryServerOptions::Access::basic_auth) {
      write("htpasswd", output_of({"htpasswd", "-Bbn", username(), password()}));
    }
    write("config.yml", config_text(options, dir.host_path()));
    start();
  }

  void write(const char* name, const std::string& text) {
    base::write_file_atomically(dir.dir(), RelPath::exact(name), text);
  }

  std::string log() const {
    return base::try_read_host_file(dir.host_path() + "/log", kLogCapBytes).value_or("");
  }

  void start() {
    const std::string log_path = dir.host_path() + "/log";
    base::UniqueFd out(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    base::UniqueFd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!out || !in) throw base::SystemError("open", log_path);
    child.emplace(base::spawn_program({"docker-registry", "serve", dir.host_path() + "/config.yml"},
                                      in.get(), out.get(), out.get()));
    const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
    while (!(port = listening_port(log()))) {
      if (child->wait_for(kPollInterval) || std::chrono::steady_clock::now() > deadline) {
        throw base::Error("docker-registry did not start: " + log());
      }
    }
    host = "127.0.0.1:" + std::to_string(*port);
  }

  RegistryServerOptions options;
  base::TempDir dir;
  std::optional<int> port;
  std::string host;
  std::optional<base::Child> child;
};

std::string RegistryServer::why_unavailable() {
  for (const char* program : {"docker-registry", "htpasswd", "openssl"}) {
    if (!is_on_path(program)) return std::string(program) + " is not installed";
  }
  return {};
}

RegistryServer::RegistryServer(RegistryServerOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

RegistryServer::~RegistryServer() = default;

const std::string& RegistryServer::host() const { return state_->host; }
int RegistryServer::port() const { return *state_->port; }

std::string RegistryServer::url() const {
  const bool tls = state_->options.scheme == RegistryServerOptions::Scheme::https;
  return (tls ? "https://" : "http://") + state_->host;
}

std::string RegistryServer::ca_file() const { return state_->dir.host_path() + "/ca.crt"; }
std::string RegistryServer::server_certificate_file() const {
  return state_->dir.host_path() + "/server.crt";
}
std::string RegistryServer::server_key_file() const {
  return state_->dir.host_path() + "/server.key";
}
std::string RegistryServer::client_certificate_file() const {
  return state_->dir.host_path() + "/client.crt";
}
std::string RegistryServer::client_key_file() const {
  return state_->dir.host_path() + "/client.key";
}
std::string RegistryServer::storage_dir() const { return state_->dir.host_path() + "/storage"; }
std::string RegistryServer::log() const { return state_->log(); }
void RegistryServer::kill() { state_->child.reset(); }

}  // namespace ibuild::test
