#include "builder/ops/step_secrets.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/stream.h"

namespace ibuild::builder {
namespace {

constexpr std::uint32_t kDefaultMode = 0400;
constexpr std::uint32_t kModeMask = 0777;  // as BuildKit; no setuid bits on secrets

base::UniqueFd memory_file(std::string_view content) {
  base::UniqueFd file(::memfd_create("secret", MFD_CLOEXEC));
  if (!file) throw base::SystemError("memfd_create", "");
  base::FdSink(file.get()).write(base::as_bytes(content));
  return file;
}

}  // namespace

StepSecrets::Presence StepSecrets::open(const RunMount& mount) {
  const auto value = lookup_ ? lookup_(mount.id) : std::nullopt;
  if (!value) {
    if (mount.env) add_variable(*mount.env, "");  // empty, not unset, as in BuildKit
    return Presence::missing;
  }
  const bool known = std::any_of(secrets_.begin(), secrets_.end(),
                                 [&](const Secret& secret) { return secret.id == mount.id; });
  if (!known) secrets_.push_back({mount.id, *value});
  if (mount.env) add_variable(*mount.env, *value);
  if (!mount.target.empty()) add_file(mount, *value);
  return Presence::given;
}

void StepSecrets::add_variable(const std::string& name, const std::string& value) {
  std::erase_if(env_, [&](const std::string& entry) { return entry.starts_with(name + "="); });
  env_.push_back(name + "=" + value);
}

void StepSecrets::add_file(const RunMount& mount, const std::string& value) {
  files_.push_back(memory_file(value));
  sandbox::MountSpec spec;
  spec.kind = sandbox::MountSpec::Kind::file;
  spec.target = base::RelPath::clean(mount.target);
  spec.source_fd = files_.back().get();
  spec.source_is_directory = false;
  spec.read_only = true;
  spec.mode = mount.mode.value_or(kDefaultMode) & kModeMask;
  spec.uid = static_cast<std::uint32_t>(mount.uid.value_or(0));
  spec.gid = static_cast<std::uint32_t>(mount.gid.value_or(0));
  mounts_.push_back(std::move(spec));
}

}  // namespace ibuild::builder
