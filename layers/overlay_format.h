#pragma once

#include <string>
#include <string_view>

namespace ibuild::layers {

/// Whose whiteouts and opaque marks: `trusted.overlay.` xattrs (root) or `user.overlay.` (in a user
/// namespace). `none`: no overlay is mounted of it, so it has neither whiteouts nor marks.
enum class OverlayXattrs { trusted, user, none };

/// What this process can use: trusted when it has CAP_SYS_ADMIN in the initial user namespace, user
/// when it has it in another one, none when it cannot mount at all.
OverlayXattrs overlay_xattrs_of_this_process();

/// "trusted.overlay." or "user.overlay.". Requires: not `none`.
std::string_view overlay_prefix(OverlayXattrs xattrs);

/// The name of a layer's tree made by this process: it tells the xattrs and, in a user namespace,
/// which ids it maps, so that owners are never misread under another mapping.
std::string tree_name_of_this_process();

}  // namespace ibuild::layers
