#include "registry/content_hash.h"

#include <openssl/evp.h>

#include <array>
#include <string>

#include "base/error.h"
#include "base/hex.h"

namespace ibuild::registry {

struct ContentHash::State {
  std::string algorithm;
  EVP_MD_CTX* context = nullptr;
  ~State() { ::EVP_MD_CTX_free(context); }
};

ContentHash::ContentHash(std::string_view algorithm) : state_(std::make_unique<State>()) {
  state_->algorithm = std::string(algorithm);
  const EVP_MD* kind = algorithm == "sha256"   ? ::EVP_sha256()
                       : algorithm == "sha384" ? ::EVP_sha384()
                       : algorithm == "sha512" ? ::EVP_sha512()
                                               : nullptr;
  if (kind == nullptr) throw base::ContentError("unknown digest algorithm " + state_->algorithm);
  state_->context = ::EVP_MD_CTX_new();
  if (state_->context == nullptr || ::EVP_DigestInit_ex(state_->context, kind, nullptr) != 1) {
    throw base::Error("set up " + state_->algorithm + ": OpenSSL refuses");
  }
}

ContentHash::~ContentHash() = default;

void ContentHash::update(base::Bytes bytes) {
  ::EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

base::Digest ContentHash::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned int size = 0;
  if (::EVP_DigestFinal_ex(state_->context, raw.data(), &size) != 1) {
    throw base::Error("compute " + state_->algorithm + ": OpenSSL refuses");
  }
  const auto bytes =
      base::as_text(base::Bytes(reinterpret_cast<const std::byte*>(raw.data()), size));
  return base::Digest::parse(state_->algorithm + ":" + base::to_hex(bytes));
}

base::Digest digest_like(const base::Digest& like, std::string_view bytes) {
  ContentHash hash(like.algorithm());
  hash.update(base::as_bytes(bytes));
  return hash.finish();
}

}  // namespace ibuild::registry
