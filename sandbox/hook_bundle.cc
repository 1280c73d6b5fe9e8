// See: runtime-spec, runtime.md, "State"; config.md.
#include "sandbox/hook_bundle.h"

#include <cstdlib>

#include "base/error.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kVersion = "1.0.2";

std::string in_quotes(std::string_view text) {
  std::string json = "\"";
  for (const char c : base::replace_invalid_utf8(text)) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      json += c;
    } else {
      json += "\\u00";
      base::append_hex(json, {&c, 1});
    }
  }
  return json += '"';
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string json;
  for (const auto& text : texts) json += (json.empty() ? "" : ",") + in_quotes(text);
  return "[" + json + "]";
}

std::string last_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

base::DirFd temp_dir() {
  const char* dir = std::getenv("TMPDIR");
  return base::DirFd::open(dir != nullptr && *dir == '/' ? dir : "/tmp");
}

}  // namespace

HookBundle::HookBundle(const SandboxSpec& spec) {
  if (spec.hooks.empty()) return;
  try {
    dir_.emplace(temp_dir(), "ibuild-bundle-");
    base::make_dirs(dir_->dir(), base::RelPath::exact("rootfs"));
    base::write_file_atomically(dir_->dir(), base::RelPath::exact("config.json"),
                                hook_config(spec));
  } catch (const base::SystemError& error) {
    throw SandboxError("make the bundle for hooks", error.what());
  }
}

std::string hook_state(std::string_view bundle, std::string_view status, pid_t pid) {
  return "{\"ociVersion\":" + in_quotes(kVersion) + ",\"id\":" + in_quotes(last_name(bundle)) +
         ",\"status\":" + in_quotes(status) + ",\"pid\":" + std::to_string(pid) +
         ",\"bundle\":" + in_quotes(bundle) + "}";
}

std::string hook_config(const SandboxSpec& spec) {
  const std::string user =
      "{\"uid\":" + std::to_string(spec.uid) + ",\"gid\":" + std::to_string(spec.gid) + "}";
  return "{\"ociVersion\":" + in_quotes(kVersion) + ",\"process\":{\"user\":" + user +
         ",\"args\":" + list_of(spec.argv) + ",\"env\":" + list_of(spec.env) +
         ",\"cwd\":" + in_quotes(spec.working_dir) +
         "},\"root\":{\"path\":\"rootfs\",\"readonly\":" +
         (spec.root_read_only ? "true" : "false") + "},\"hostname\":" + in_quotes(spec.hostname) +
         ",\"linux\":{}}";
}

}  // namespace ibuild::sandbox
