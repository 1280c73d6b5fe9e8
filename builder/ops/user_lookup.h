#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/tree/owner.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// Who runs a step.
struct StepUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;  // the primary one among them
  std::string home;                            // "/" where nobody says
  bool operator==(const StepUser&) const = default;
};

/// The users and groups of an image, from its /etc/passwd and /etc/group. Links in them are
/// followed inside the image; a file that is no regular one, or above 10 MiB, is an error: both are
/// whatever the image's maker wants them to be.
class UserLookup {
 public:
  /// Reads nothing yet. `tree` must outlive this.
  explicit UserLookup(const SourceTree& tree) : tree_(tree) {}

  /// "user[:group]" of --chown, names or numbers; a number alone is the group as well. Names are
  /// looked up. Throws: base::UsageError for a name that the image does not know, with the nearest
  /// that it knows as hint.
  Owner find_owner(std::string_view spec) const;
  /// USER's argument for a RUN: names, numbers, supplementary groups unless a group is given.
  /// Throws: base::UsageError.
  StepUser find_step_user(std::string_view spec) const;
  /// Whether the spec holds a name, so that the image's files matter. "root" is 0 without asking.
  static bool needs_files(std::string_view spec);

 private:
  struct User {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string home;
  };
  struct Group {
    std::string name;
    std::uint32_t gid = 0;
    std::vector<std::string> members;
  };
  std::vector<User> read_users() const;
  std::vector<Group> read_groups() const;
  std::uint32_t group_id(std::string_view group) const;

  const SourceTree& tree_;
};

}  // namespace ibuild::builder
