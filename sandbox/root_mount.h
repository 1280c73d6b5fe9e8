#pragma once

#include <string>
#include <string_view>

namespace ibuild::sandbox {

/// What is mounted in a mount namespace of our own stays in it only when our root is a mount: else
/// the one that it lies on is out of our reach, and hands mounts on to the machine. Empty when it
/// is one, or the kernel (before Linux 5.8) does not tell; else words that say what to do.
std::string why_mounts_would_show();

/// Whether the root in a text as /proc/self/mountinfo has it is an initramfs: nothing lies below
/// it, so that pivot_root(2) cannot put it aside.
bool is_initramfs(std::string_view mountinfo);

}  // namespace ibuild::sandbox
