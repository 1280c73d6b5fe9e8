#include "sandbox/child/keeper/owner_call.h"

#include <array>

namespace ibuild::sandbox {

namespace {

constexpr Verdict kAsk = Verdict::ask;

constexpr auto kCalls = std::to_array<OwnerCallName>({
    {"chown", OwnerCall::chown, kAsk, true},
    {"chown32", OwnerCall::chown},
    {"fchown", OwnerCall::fchown, kAsk, true},
    {"fchown32", OwnerCall::fchown},
    {"lchown", OwnerCall::lchown, kAsk, true},
    {"lchown32", OwnerCall::lchown},
    {"fchownat", OwnerCall::fchownat},
    {"mknod", OwnerCall::mknod},
    {"mknodat", OwnerCall::mknodat},
    {"mkdir", OwnerCall::mkdir},
    {"mkdirat", OwnerCall::mkdirat},
    {"symlink", OwnerCall::symlink},
    {"symlinkat", OwnerCall::symlinkat},
    {"creat", OwnerCall::creat},
    {"open", OwnerCall::open, Verdict::ask_if_second_creates},
    {"openat", OwnerCall::openat, Verdict::ask_if_third_creates},
    {"openat2", OwnerCall::openat2},
    {"rename", OwnerCall::rename},
    {"renameat", OwnerCall::renameat},
    {"renameat2", OwnerCall::renameat2},
    {"link", OwnerCall::link},
    {"linkat", OwnerCall::linkat},
    {"stat", OwnerCall::stat, kAsk, false, true},
    {"lstat", OwnerCall::lstat, kAsk, false, true},
    {"fstat", OwnerCall::fstat, kAsk, false, true},
    {"newfstatat", OwnerCall::fstatat, kAsk, false, true},
    {"statx", OwnerCall::statx},
    {"getuid", OwnerCall::get_uid, kAsk, true},
    {"getuid32", OwnerCall::get_uid},
    {"geteuid", OwnerCall::get_euid, kAsk, true},
    {"geteuid32", OwnerCall::get_euid},
    {"getgid", OwnerCall::get_gid, kAsk, true},
    {"getgid32", OwnerCall::get_gid},
    {"getegid", OwnerCall::get_egid, kAsk, true},
    {"getegid32", OwnerCall::get_egid},
    {"getresuid", OwnerCall::get_resuid, kAsk, true},
    {"getresuid32", OwnerCall::get_resuid},
    {"getresgid", OwnerCall::get_resgid, kAsk, true},
    {"getresgid32", OwnerCall::get_resgid},
    {"getgroups", OwnerCall::get_groups, kAsk, true},
    {"getgroups32", OwnerCall::get_groups},
    {"setuid", OwnerCall::set_uid, kAsk, true},
    {"setuid32", OwnerCall::set_uid},
    {"setgid", OwnerCall::set_gid, kAsk, true},
    {"setgid32", OwnerCall::set_gid},
    {"setreuid", OwnerCall::set_reuid, kAsk, true},
    {"setreuid32", OwnerCall::set_reuid},
    {"setregid", OwnerCall::set_regid, kAsk, true},
    {"setregid32", OwnerCall::set_regid},
    {"setresuid", OwnerCall::set_resuid, kAsk, true},
    {"setresuid32", OwnerCall::set_resuid},
    {"setresgid", OwnerCall::set_resgid, kAsk, true},
    {"setresgid32", OwnerCall::set_resgid},
    {"setfsuid", OwnerCall::set_fsuid, kAsk, true},
    {"setfsuid32", OwnerCall::set_fsuid},
    {"setfsgid", OwnerCall::set_fsgid, kAsk, true},
    {"setfsgid32", OwnerCall::set_fsgid},
    {"setgroups", OwnerCall::set_groups, kAsk, true},
    {"setgroups32", OwnerCall::set_groups},
    {"prctl", OwnerCall::process_control, Verdict::ask_if_first_keeps_capabilities},
    {"setrlimit", OwnerCall::set_limit, Verdict::ask_if_first_is_our_limit},
    {"prlimit64", OwnerCall::set_limit_of, Verdict::ask_if_second_is_our_limit},
});

constexpr auto kSpecialFileCalls = std::to_array<OwnerCallName>({
    {"chmod", OwnerCall::change},
    {"utime", OwnerCall::change},
    {"utimes", OwnerCall::change},
    {"fchmodat", OwnerCall::change_at},
    {"futimesat", OwnerCall::change_at},
    {"fchmodat2", OwnerCall::change_at_flags},
    {"utimensat", OwnerCall::change_at_flags},
    {"utimensat_time64", OwnerCall::change_at_flags},
});

}  // namespace

std::span<const OwnerCallName> owner_calls() { return kCalls; }

std::span<const OwnerCallName> special_file_calls() { return kSpecialFileCalls; }

}  // namespace ibuild::sandbox
