#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "base/fs_at.h"
#include "layers/overlay_format.h"

namespace ibuild::layers {

/// What an overlay is mounted of.
struct OverlayParts {
  std::size_t lower_count = 0;                         // at least 1, at most kMaxOverlayLowers
  std::function<base::DirFd(std::size_t)> open_lower;  // 0: the uppermost
  const base::DirFd& upper;
  const base::DirFd& work;  // on the same file system, empty
  OverlayXattrs xattrs;
};

/// overlayfs takes 500; older kernels take what fits a page of option text, and every layer costs a
/// descriptor there.
inline constexpr std::size_t kMaxOverlayLowers = 250;

enum class OverlayMethod {
  appended_layers,  // fsopen(2), one lowerdir+ a layer: Linux 6.7
  one_option,       // mount(2) in a mount namespace of its own: older kernels
};

/// A new overlay mount that is attached nowhere: closing the descriptor unmounts it. Volatile where
/// the kernel can (5.10); redirects, metadata-only copies and the inode index are off.
/// The first method that works is used, or `only` that one.
/// Throws: SystemError with what the kernel said and a hint.
base::DirFd mount_overlay(const OverlayParts& parts, std::optional<OverlayMethod> only = {});

}  // namespace ibuild::layers
