#pragma once

#include <string>
#include <string_view>

#include "base/fs_at.h"

namespace ibuild::layers {

/// Whose whiteouts and opaque marks: `trusted.overlay.` xattrs (root) or `user.overlay.` (in a user
/// namespace). `none`: no overlay is mounted of it, so it has neither whiteouts nor marks.
enum class OverlayXattrs { trusted, user, none };

/// What this process can use: trusted when it has CAP_SYS_ADMIN in the initial user namespace, user
/// when it has it in another one, none when it cannot mount at all.
OverlayXattrs overlay_xattrs_of_this_process();

/// What serves for trees in `dir`: as above, but none on an overlay file system (a container's
/// root), which can be no upper directory of another and takes no whiteouts.
OverlayXattrs overlay_xattrs_for(const base::DirFd& dir);

/// "trusted.overlay." or "user.overlay.". Requires: not `none`.
std::string_view overlay_prefix(OverlayXattrs xattrs);

/// The attribute of a directory that hides all there is below. Requires: not `none`.
std::string opaque_mark(OverlayXattrs xattrs);
/// Hides what is below under `name` in the directory `dir`. Throws: SystemError about `shown_as`,
/// with a hint.
void make_whiteout(int dir, const std::string& name, const std::string& shown_as);

/// The name of a layer's tree made by this process with `xattrs`: it tells the xattrs and, in a
/// user namespace, which ids it maps, so that owners are never misread under another mapping.
std::string tree_name(OverlayXattrs xattrs);

}  // namespace ibuild::layers
