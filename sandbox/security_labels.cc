// See: apparmor(7), selinux(8), proc_pid_attr(5).
#include "sandbox/security_labels.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kPhase = "choose security labels";
constexpr std::uint64_t kFileCap = 1 << 20;

[[noreturn]] void fail(const std::string& why, const std::string& hint) {
  SandboxError error(kPhase, why);
  error.set_hint(hint);
  throw error;
}

/// The value of `key` in lines of KEY = VALUE, without quotes; empty when it is not there.
std::string value_in(std::string_view text, std::string_view key) {
  for (const auto line : base::split(text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || base::trim(line.substr(0, equals)) != key) continue;
    std::string_view value = base::trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return "";
}

std::string read_or_empty(const std::string& path) {
  return base::try_read_host_file(path, kFileCap).value_or("");
}

ContainerLabels labels_of_policy() {
  const std::string type = value_in(read_or_empty("/etc/selinux/config"), "SELINUXTYPE");
  const std::string path =
      "/etc/selinux/" + (type.empty() ? std::string("targeted") : type) + "/contexts/lxc_contexts";
  ContainerLabels labels = parse_container_labels(read_or_empty(path));
  if (labels.process.empty()) {
    fail(path + " has no label for the processes of containers",
         "install the SELinux policy for containers, or say --security-opt label=disable");
  }
  return labels;
}

/// "user:role:type:level"; the level, which may hold colons, may be missing.
std::string change(const std::string& label, const std::array<std::string_view, 4>& parts) {
  std::array<std::string, 4> now;
  std::string_view rest = label;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const auto end = i + 1 < now.size() ? rest.find(':') : std::string_view::npos;
    now.at(i) = rest.substr(0, end);
    if (i < 3 && now.at(i).empty()) fail("\"" + base::printable(label) + "\" is no label", "");
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  std::string changed;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::string_view part = parts.at(i).empty() ? now.at(i) : parts.at(i);
    if (part.empty()) continue;
    if (!changed.empty()) changed += ':';
    changed += part;
  }
  return changed;
}

/// The kernel tells whether its policy knows a label: writing an unknown one fails with EINVAL.
/// What else goes wrong (a read-only /sys of a container) is left to the step.
void check_known(const std::string& label) {
  if (label.empty()) return;
  const base::UniqueFd asked(::open("/sys/fs/selinux/context", O_RDWR | O_CLOEXEC));
  if (!asked) return;
  if (::write(asked.get(), label.data(), label.size()) >= 0 || errno != EINVAL) return;
  fail("the SELinux policy of this machine does not know the label " + base::printable(label),
       "seinfo -t lists its types; say --security-opt label=type:TYPE, or label=disable");
}

}  // namespace

bool has_apparmor() {
  return read_or_empty("/sys/module/apparmor/parameters/enabled").starts_with('Y');
}

bool has_selinux() {
  struct statfs info {};
  return ::statfs("/sys/fs/selinux", &info) == 0 && info.f_type == SELINUX_MAGIC;
}

ContainerLabels parse_container_labels(std::string_view text) {
  return {value_in(text, "process"), value_in(text, "file")};
}

SecurityLabels change_labels(const ContainerLabels& labels, const SelinuxParts& parts) {
  SecurityLabels changed;
  changed.selinux_process =
      change(labels.process, {parts.user, parts.role, parts.type, parts.level});
  if (!labels.file.empty())
    changed.selinux_files = change(labels.file, {parts.user, "", parts.file_type, parts.level});
  return changed;
}

SecurityLabels find_labels(const LabelWishes& wishes) {
  SecurityLabels labels;
  if (wishes.selinux) {
    if (!has_selinux()) {
      fail("SELinux is not at work here: steps can have no label of it",
           "leave --security-opt label=… out, or say label=disable");
    }
    labels = change_labels(labels_of_policy(), *wishes.selinux);
    check_known(labels.selinux_process);
    check_known(labels.selinux_files);
  }
  if (wishes.apparmor_profile.empty()) return labels;
  if (has_apparmor()) {
    labels.apparmor_profile = wishes.apparmor_profile;
  } else if (wishes.apparmor_profile != "unconfined") {
    fail("AppArmor is not at work here: steps cannot have the profile " +
             base::printable(wishes.apparmor_profile),
         "leave --security-opt apparmor=… out, or say apparmor=unconfined");
  }
  return labels;
}

}  // namespace ibuild::sandbox
