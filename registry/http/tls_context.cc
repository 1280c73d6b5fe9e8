#include "registry/http/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/error.h"
#include "base/fs_at.h"
#include "registry/http/tls_channel.h"

namespace ibuild::registry {

namespace {

std::string reason_of_last_error() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason != nullptr ? reason : "cannot be used";
}

[[noreturn]] void refuse_file(const std::string& path) {
  throw base::UsageError(path + ": " + reason_of_last_error());
}

/// The directory for a host; none when there is none or it may not be read.
std::optional<base::DirFd> try_open_dir(const std::string& path) {
  if (::access(path.c_str(), R_OK | X_OK) != 0) return std::nullopt;
  return base::DirFd::open(path);
}

TlsFiles read_certs_dir(const base::DirFd& dir) {
  TlsFiles files;
  for (const base::DirEntry& entry : base::list_dir(dir)) {
    const std::string path = dir.shown_as() + "/" + entry.name;
    if (path.ends_with(".crt")) files.ca_files.push_back(path);
    if (!path.ends_with(".cert")) continue;
    const std::string key = path.substr(0, path.size() - 5) + ".key";
    if (::access(key.c_str(), R_OK) != 0) {
      throw base::UsageError(path + ": its key " + key + " cannot be read");
    }
    files.client_pairs.push_back({path, key});
  }
  return files;
}

}  // namespace

TlsFiles find_tls_files(const std::vector<std::string>& certs_dirs, const std::string& host_port) {
  if (host_port.find('/') != std::string::npos || host_port.starts_with('.')) return {};
  for (const std::string& parent : certs_dirs) {
    if (const auto dir = try_open_dir(parent + "/" + host_port)) return read_certs_dir(*dir);
  }
  return {};
}

TlsContext::TlsContext(const TlsFiles& files, TlsTrust trust) : trust_(trust) {
  ::ERR_clear_error();
  context_ = ::SSL_CTX_new(::TLS_client_method());
  bio_method_ = make_channel_bio_method();
  try {
    if (context_ == nullptr || bio_method_ == nullptr) {
      throw base::Error("set up TLS: " + reason_of_last_error());
    }
    ::SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    ::SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                     SSL_MODE_RELEASE_BUFFERS);
    // Many servers end a connection without close_notify. Whether an answer is whole is told by its
    // framing and its digest.
    ::SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
    ::SSL_CTX_set_verify(context_, trust == TlsTrust::verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                         nullptr);
    if (trust == TlsTrust::verified) load_authorities(files);
    std::for_each(files.client_pairs.rbegin(), files.client_pairs.rend(),
                  [this](const TlsFiles::ClientPair& pair) { load_client_pair(pair); });
  } catch (...) {
    ::SSL_CTX_free(context_);
    ::BIO_meth_free(bio_method_);
    throw;
  }
}

TlsContext::~TlsContext() {
  ::SSL_CTX_free(context_);
  ::BIO_meth_free(bio_method_);
}

void TlsContext::load_authorities(const TlsFiles& files) {
  ::SSL_CTX_set_default_verify_paths(context_);  // a machine without CA files trusts nobody
  ::ERR_clear_error();
  for (const std::string& path : files.ca_files) {
    if (::SSL_CTX_load_verify_locations(context_, path.c_str(), nullptr) != 1) refuse_file(path);
  }
}

void TlsContext::load_client_pair(const TlsFiles::ClientPair& pair) {
  if (::SSL_CTX_use_certificate_chain_file(context_, pair.certificate.c_str()) != 1) {
    refuse_file(pair.certificate);
  }
  if (::SSL_CTX_use_PrivateKey_file(context_, pair.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse_file(pair.key);
  }
}

}  // namespace ibuild::registry
