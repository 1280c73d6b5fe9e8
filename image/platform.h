#pragma once

#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::image {

/// An OCI platform. Architecture and os are GOARCH/GOOS names, normalised (x86_64 → amd64, aarch64
/// → arm64, armhf → arm/v7; arm64 "v8" and amd64 "v1" are dropped as the defaults they are). See:
/// image-spec/image-index.md; containerd's platforms package for the normal forms.
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features;  // sorted in normal form

  /// "linux/arm/v7"
  std::string str() const;
  /// The same with the version and the features of the system, where there are any:
  /// "windows(10.0.17763+win32k)/amd64".
  std::string str_with_version() const;
  auto operator<=>(const Platform&) const = default;
};

/// "linux/amd64", "arm64", "linux/arm/v7", "windows(10.0.17763+win32k)/amd64", "local". Throws:
/// base::UsageError.
Platform parse_platform(std::string_view text);
Platform normalize(Platform platform);
/// The machine this runs on (uname).
Platform host_platform();

/// Among `offers`, the index of the one that best serves `wanted` (exact variant first, then older
/// variants of arm: v7 → v6 → v5, then the smaller architecture that the processor runs as well:
/// 386 for amd64, arm for arm64); none when nothing fits. unknown/unknown never fits.
std::optional<std::size_t> best_match(const Platform& wanted, std::span<const Platform> offers);
/// Whether an image made for `offered` may be used where `wanted` is asked for.
bool matches(const Platform& wanted, const Platform& offered);

}  // namespace ibuild::image
