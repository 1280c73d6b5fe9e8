#include "registry/auth/credential_helper.h"

#include <nlohmann/json.hpp>

#include "base/child.h"
#include "base/error.h"
#include "base/text.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::json;

/// What helpers give as user name when the secret is an identity token.
constexpr std::string_view kTokenUser = "<token>";
/// What helpers print when they have nothing for a server (docker-credential-helpers'
/// credentials.ErrCredentialsNotFound).
constexpr std::string_view kNotFound = "credentials not found";

base::ProgramResult run(const std::string& program, const char* action, const std::string& input,
                        std::stop_token stop) {
  return base::run_program({program, action}, {.stdin_text = input, .stop = std::move(stop)});
}

bool says_not_found(const base::ProgramResult& result) {
  return base::to_lower(result.out + result.err).find(kNotFound) != std::string::npos;
}

[[noreturn]] void fail(const std::string& program, const char* action,
                       const base::ProgramResult& result) {
  // Helpers print their errors on stdout; what "get" prints when it succeeds never comes here.
  const std::string_view words = base::trim(result.out.empty() ? result.err : result.out);
  throw base::Error(program + " " + action + ": " + result.status.describe() +
                    (words.empty() ? "" : ": ") + base::printable(words.substr(0, 300)));
}

}  // namespace

std::optional<Credential> CredentialHelper::get(const std::string& server,
                                                std::stop_token stop) const {
  const base::ProgramResult result = run(program_, "get", server, std::move(stop));
  if (!result.status.success()) {
    if (says_not_found(result)) return std::nullopt;
    fail(program_, "get", result);
  }
  const Json answer = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  const bool complete = answer.is_object() && answer.contains("Username") &&
                        answer["Username"].is_string() && answer.contains("Secret") &&
                        answer["Secret"].is_string();
  if (!complete)
    throw base::Error(program_ + " get: the answer is no JSON with Username and Secret");
  Credential credential;
  credential.origin = program_;
  const std::string user = answer["Username"].get<std::string>();
  const std::string secret = answer["Secret"].get<std::string>();
  if (user == kTokenUser) {
    credential.identity_token = secret;
  } else {
    credential.username = user;
    credential.password = secret;
  }
  if (user.empty() && secret.empty()) return std::nullopt;
  return credential;
}

void CredentialHelper::store(const std::string& server, const Credential& credential) const {
  const bool token = !credential.identity_token.empty();
  const Json input = {{"ServerURL", server},
                      {"Username", token ? std::string(kTokenUser) : credential.username},
                      {"Secret", token ? credential.identity_token : credential.password}};
  const base::ProgramResult result =
      run(program_, "store", input.dump(-1, ' ', false, Json::error_handler_t::replace), {});
  if (!result.status.success()) fail(program_, "store", result);
}

bool CredentialHelper::erase(const std::string& server) const {
  if (!get(server)) return false;
  const base::ProgramResult result = run(program_, "erase", server, {});
  if (!result.status.success() && !says_not_found(result)) fail(program_, "erase", result);
  return true;
}

}  // namespace ibuild::registry
