#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace ibuild::base {

/// A content digest `sha256:<64 hex>` (sha384 and sha512 are read, never written). Empty when
/// default-made. See: image-spec/descriptor.md, "Digests".
class Digest {
 public:
  Digest() = default;
  /// Throws: ContentError when the text is no digest of a registered algorithm, in lower-case hex.
  static Digest parse(std::string_view text);
  static std::optional<Digest> try_parse(std::string_view text);
  /// Requires: 64 lower-case hex digits.
  static Digest sha256_from_hex(std::string_view hex);

  bool empty() const { return text_.empty(); }
  /// "sha256:…"
  const std::string& str() const { return text_; }
  std::string_view algorithm() const;
  std::string_view hex() const;
  /// The first 12 hex digits, for people.
  std::string short_hex() const { return std::string(hex().substr(0, 12)); }

  auto operator<=>(const Digest&) const = default;

 private:
  friend class Sha256Value;
  std::string text_;
};

/// A SHA-256 alone, in 32 bytes and no memory elsewhere: for what there are very many of.
class Sha256Value {
 public:
  static constexpr std::size_t kBytes = 32;
  /// Throws: ContentError when the digest is by another algorithm.
  Sha256Value(const Digest& digest);  // NOLINT(google-explicit-constructor): the same, held shorter
  /// Requires: kBytes bytes.
  static Sha256Value from_raw(std::string_view raw);

  std::string_view raw() const { return {bytes_.data(), bytes_.size()}; }
  Digest digest() const;
  /// "sha256:…"
  std::string str() const { return digest().str(); }

  auto operator<=>(const Sha256Value&) const = default;

 private:
  Sha256Value() = default;
  std::array<char, kBytes> bytes_{};
};

/// Incremental SHA-256 (OpenSSL). Not for several threads at once.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(Bytes bytes);
  void update(std::string_view text) { update(as_bytes(text)); }
  /// The digest of all bytes so far. Resets the hasher.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256_of(std::string_view text);
Digest sha256_of(ByteSource& source);

/// Passes bytes on and hashes and counts them; checks nothing.
class HashingSink : public ByteSink {
 public:
  explicit HashingSink(ByteSink* next = nullptr) : next_(next) {}
  void write(Bytes bytes) override;
  std::uint64_t size_bytes() const { return size_; }
  Digest finish() { return hash_.finish(); }

 private:
  ByteSink* next_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

}  // namespace ibuild::base

template <>
struct std::hash<ibuild::base::Digest> {
  std::size_t operator()(const ibuild::base::Digest& d) const noexcept {
    return std::hash<std::string>()(d.str());
  }
};
