// See: distribution's docs/spec/auth/token.md and jwt.md; RFC 7515, RFC 7518 section 3.4.
#include "tests/e2e/support/token_server.h"

#include <httplib.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/child.h"
#include "base/error.h"
#include "base/text.h"
#include "tests/support/registry_server.h"

namespace ibuild::e2e {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kFieldBytes = 32;  // of the curve P-256

/// base64url without padding
std::string encode_part(std::string_view bytes) {
  std::string text = base::encode_base64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

/// "repository:host/app:pull,push" as what a token says; only to be read by strangers.
Json access_of(const std::string& scope, bool stranger) {
  const auto kind = scope.find(':');
  const auto actions = scope.rfind(':');
  Json access = {{"type", scope.substr(0, kind)},
                 {"name", scope.substr(kind + 1, actions - kind - 1)},
                 {"actions", Json::array()}};
  for (const auto action : base::split(std::string_view(scope).substr(actions + 1), ',')) {
    if (!stranger || action == "pull") access["actions"].push_back(std::string(action));
  }
  return access;
}

/// DER's two numbers as JWS has them, one after the other.
std::string plain_signature(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(
      ::d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())), ::ECDSA_SIG_free);
  std::string plain(2 * kFieldBytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  ::BN_bn2binpad(::ECDSA_SIG_get0_r(signature.get()), out, kFieldBytes);
  ::BN_bn2binpad(::ECDSA_SIG_get0_s(signature.get()), out + kFieldBytes, kFieldBytes);
  return plain;
}

std::string ecdsa(const std::string& key_file, std::string_view text) {
  const std::unique_ptr<BIO, int (*)(BIO*)> file(::BIO_new_file(key_file.c_str(), "r"), ::BIO_free);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      ::PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr), ::EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(::EVP_MD_CTX_new(),
                                                                   ::EVP_MD_CTX_free);
  std::string der(256, '\0');
  std::size_t size = der.size();
  if (::EVP_DigestSignInit(context.get(), nullptr, ::EVP_sha256(), nullptr, key.get()) != 1 ||
      ::EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    throw base::Error("OpenSSL does not sign a token");
  }
  return plain_signature(std::string_view(der).substr(0, size));
}

/// The bytes between the lines that begin and end a PEM file.
std::string body_of_pem(const std::string& file) {
  const std::string text = base::read_host_file(file, 1 << 20);
  std::string body;
  for (const auto line : base::split(text, '\n')) {
    if (!line.starts_with("-----")) body += line;
  }
  return body;
}

}  // namespace

TokenServer::TokenServer()
    : dir_(base::DirFd::open("/tmp"), "ibuild-test-tokens-"),
      server_(std::make_unique<httplib::Server>()) {
  const auto made = base::run_program(
      {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
       "-days", "2", "-subj", "/CN=ibuild test tokens", "-keyout", dir_.host_path() + "/token.key",
       "-out", certificate_file()});
  if (!made.status.success()) throw base::Error("openssl: " + made.err);
  server_->Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response);
  });
  port_ = server_->bind_to_any_port("127.0.0.1");
  thread_ = std::jthread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();
}

TokenServer::~TokenServer() { server_->stop(); }

std::vector<std::string> TokenServer::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::string TokenServer::sign(const std::string& claims) const {
  const Json head = {{"typ", "JWT"}, {"alg", "ES256"}, {"x5c", {body_of_pem(certificate_file())}}};
  const std::string text = encode_part(head.dump()) + "." + encode_part(claims);
  return text + "." + encode_part(ecdsa(dir_.host_path() + "/token.key", text));
}

void TokenServer::answer(const httplib::Request& request, httplib::Response& response) {
  const std::string account =
      httplib::make_basic_authentication_header(test::RegistryServer::username(),
                                                test::RegistryServer::password())
          .second;
  const std::string given = request.get_header_value("Authorization");
  if (!given.empty() && given != account) {
    response.status = 401;
    response.set_content(R"({"details":"incorrect username or password"})", "application/json");
    return;
  }
  const std::string subject = given.empty() ? "" : test::RegistryServer::username();
  Json access = Json::array();
  for (std::size_t i = 0; i < request.get_param_value_count("scope"); ++i) {
    const std::string scope = request.get_param_value("scope", i);
    access.push_back(access_of(scope, subject.empty()));
    const std::lock_guard lock(mutex_);
    log_.push_back(scope + " " + (subject.empty() ? "anybody" : subject));
  }
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const Json claims = {{"iss", test::RegistryServerOptions::kTokenIssuer},
                       {"aud", request.get_param_value("service")},
                       {"sub", subject},
                       {"iat", now},
                       {"nbf", now - 10},
                       {"exp", now + 300},
                       {"jti", std::to_string(now)},
                       {"access", access}};
  const Json answered = {{"token", sign(claims.dump())}, {"expires_in", 300}};
  response.set_content(answered.dump(), "application/json");
}

}  // namespace ibuild::e2e
