#include "base/digest.h"

// The functions by algorithm, which OpenSSL 3 would have replaced by its look-up of providers: that
// costs a millisecond of every start and reads the system's configuration, for the same code in the
// end.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hex.h"
#include "base/text.h"

namespace ibuild::base {

namespace {

struct Algorithm {
  std::string_view prefix;
  std::size_t hex_digits;
};
constexpr std::array<Algorithm, 3> kAlgorithms = {
    {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}}};

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_digest(std::string_view text) {
  return std::any_of(kAlgorithms.begin(), kAlgorithms.end(), [&](const Algorithm& algorithm) {
    return text.starts_with(algorithm.prefix) &&
           text.size() == algorithm.prefix.size() + algorithm.hex_digits &&
           is_lower_hex(text.substr(algorithm.prefix.size()));
  });
}

unsigned hex_value(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

}  // namespace

Digest Digest::parse(std::string_view text) {
  if (auto digest = try_parse(text)) return *std::move(digest);
  throw ContentError("\"" + printable(text.substr(0, 200)) +
                     "\" is not a digest (sha256: and 64 lower-case hex digits)");
}

std::optional<Digest> Digest::try_parse(std::string_view text) {
  if (!is_digest(text)) return std::nullopt;
  Digest digest;
  digest.text_ = text;
  return digest;
}

Digest Digest::sha256_from_hex(std::string_view hex) {
  constexpr std::string_view kPrefix = kAlgorithms[0].prefix;
  Digest digest;
  digest.text_.reserve(kPrefix.size() + hex.size());
  digest.text_ += kPrefix;
  digest.text_ += hex;
  if (!is_digest(digest.text_)) return parse(digest.text_);  // throws
  return digest;
}

std::string_view Digest::algorithm() const {
  return std::string_view(text_).substr(0, text_.find(':'));
}

std::string_view Digest::hex() const {
  const auto colon = text_.find(':');
  if (colon == std::string::npos) return {};
  return std::string_view(text_).substr(colon + 1);
}

Sha256Value::Sha256Value(const Digest& digest) {
  if (!digest.str().starts_with(kAlgorithms[0].prefix))
    throw ContentError("\"" + digest.str() + "\" is no sha256 digest");
  const std::string_view hex = digest.hex();
  for (std::size_t i = 0; i < bytes_.size(); ++i)
    bytes_[i] = static_cast<char>(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
}

Sha256Value Sha256Value::from_raw(std::string_view raw) {
  Sha256Value value;
  raw.copy(value.bytes_.data(), value.bytes_.size());
  return value;
}

Digest Sha256Value::digest() const {
  Digest digest;
  digest.text_ = kAlgorithms[0].prefix;
  append_hex(digest.text_, raw());
  return digest;
}

struct Sha256::State {
  SHA256_CTX context{};
  State() { restart(); }
  void restart() { SHA256_Init(&context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(Bytes bytes) { SHA256_Update(&state_->context, bytes.data(), bytes.size()); }

Digest Sha256::finish() {
  std::array<unsigned char, Sha256Value::kBytes> value{};
  SHA256_Final(value.data(), &state_->context);
  state_->restart();
  return Sha256Value::from_raw({reinterpret_cast<const char*>(value.data()), value.size()})
      .digest();
}

Digest sha256_of(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

Digest sha256_of(ByteSource& source) {
  HashingSink sink;
  copy_stream(source, sink);
  return sink.finish();
}

void HashingSink::write(Bytes bytes) {
  hash_.update(bytes);
  size_ += bytes.size();
  if (next_ != nullptr) next_->write(bytes);
}

}  // namespace ibuild::base
