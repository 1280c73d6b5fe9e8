#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// Parts of SELinux labels. An empty one is what the policy has for containers.
struct SelinuxParts {
  std::string user;
  std::string role;
  std::string type;
  std::string level;
  std::string file_type;
  bool operator==(const SelinuxParts&) const = default;
};

/// What is asked of the kernel's security modules for steps.
struct LabelWishes {
  std::string apparmor_profile;         // empty: nothing
  std::optional<SelinuxParts> selinux;  // none: nothing
};

/// Whether the kernel has the module at work, as far as is to be seen from here.
bool has_apparmor();
bool has_selinux();

/// The labels that fulfil the wishes on this machine. What AppArmor's "unconfined" asks for, a
/// kernel without AppArmor gives. Throws: SandboxError naming the module that is not at work.
SecurityLabels find_labels(const LabelWishes& wishes);

/// What the policy says of containers.
struct ContainerLabels {
  std::string process;
  std::string file;
};
/// Of the text of a policy's file lxc_contexts (KEY = "LABEL" lines).
ContainerLabels parse_container_labels(std::string_view text);
/// Throws: SandboxError when a label that is to be changed is none ("user:role:type[:level]").
SecurityLabels change_labels(const ContainerLabels& labels, const SelinuxParts& parts);

}  // namespace ibuild::sandbox
