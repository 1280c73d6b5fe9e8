#include <array>

#include "cli/options_buildah.h"

namespace ibuild::cli {

namespace {

using Takes = OptionParser::Takes;

/// Options with a value.
struct Refused {
  const char* name;
  const char* instead;
};

constexpr const char* kNamespaces =
    "a step has namespaces of its own, as its isolation has them: see --isolation";
constexpr const char* kUsers = "steps run with the ids that /etc/subuid and /etc/subgid give";
constexpr const char* kScanner =
    "ibuild runs no scanner; --sbom=true reads the package databases itself";
constexpr const char* kRights =
    "a step's capabilities are always the same; RUN --security=insecure with --allow "
    "security.insecure has all of them";

constexpr std::array kRefused = {
    Refused{"--blob-cache", "blobs are in the store, see --root"},
    Refused{"--cap-add", kRights},
    Refused{"--cap-drop", kRights},
    Refused{"--cgroupns", kNamespaces},
    Refused{"--cpp-flag", "Dockerfiles are not preprocessed; run cpp before"},
    Refused{"--cw", "ibuild makes no confidential workloads"},
    Refused{"--decryption-key", "encrypted layers cannot be read"},
    Refused{"--group-add", "use USER name:group in the Dockerfile"},
    Refused{"--hooks-dir", "the hooks of devices run, see --device"},
    Refused{"--ipc", kNamespaces},
    Refused{"--layer-label", "no image is made of a step; use --label"},
    Refused{"--manifest",
            "--platform a,b -t NAME makes an index of all platforms at once, and `ibuild index "
            "create` one of several builds"},
    Refused{"--mount", "use RUN --mount in the Dockerfile"},
    Refused{"--os-feature", "the image has those of its base"},
    Refused{"--os-version", "the image has that of its base"},
    Refused{"--pid", kNamespaces},
    Refused{"--runtime", "ibuild runs steps by itself, see --isolation"},
    Refused{"--runtime-flag", "ibuild runs steps by itself, see --isolation"},
    Refused{"--rusage-logfile", "the progress tells how long each step took"},
    Refused{"--sbom-image-output", kScanner},
    Refused{"--sbom-image-purl-output", kScanner},
    Refused{"--sbom-merge-strategy", kScanner},
    Refused{"--sbom-output", kScanner},
    Refused{"--sbom-purl-output", kScanner},
    Refused{"--sbom-scanner-command", kScanner},
    Refused{"--sbom-scanner-image", kScanner},
    Refused{"--sign-by", "sign what was pushed, with cosign or the like"},
    Refused{"--signature-policy", "signatures are not checked"},
    Refused{"--source-policy-file",
            "source policies are not known; --locked takes what ibuild.lock pins"},
    Refused{"--userns", kUsers},
    Refused{"--userns-gid-map", kUsers},
    Refused{"--userns-gid-map-group", kUsers},
    Refused{"--userns-uid-map", kUsers},
    Refused{"--userns-uid-map-user", kUsers},
    Refused{"--uts", kNamespaces},
};

/// Flags of which one value is how it always is here.
struct Fixed {
  const char* name;
  bool value;
  const char* instead;
};
constexpr std::array kFixed = {
    Fixed{"--all-platforms", false, "name them: --platform linux/amd64,linux/arm64"},
    Fixed{"--logsplit", false, "--logfile holds all platforms, whose names stand before each step"},
    Fixed{"--log-rusage", false, "the progress tells how long each step took"},
    Fixed{"--no-hostname", false, "a step has a host name of its own"},
    Fixed{"--no-hosts", false, "a step has an /etc/hosts of its own, see --add-host"},
    Fixed{"--stdin", false, "a step has no input"},
    Fixed{"--compat-volumes", false, "what steps write below a VOLUME stays"},
    Fixed{"--created-annotation", false,
          "use --annotation org.opencontainers.image.created=TIME; the image's configuration has "
          "its time"},
    Fixed{"--disable-compression", false,
          "use --compression-format=uncompressed, or compression=uncompressed of an --output"},
    Fixed{"--identity-label", false, "the image says nothing of its builder; use --label"},
    Fixed{"--inherit-annotations", false,
          "annotations of bases are never kept; use --annotation NAME=VALUE"},
    Fixed{"--layers", true, "every step has a layer; --squash makes one of them"},
    Fixed{"--save-stages", false, "the cache keeps all stages; build one by --target with a --tag"},
    Fixed{"--skip-unused-stages", true, "only what the target needs is built; use --target"},
    Fixed{"--stage-labels", false, "stages are no images; build one by --target with a --label"},
};

}  // namespace

void refuse_buildah_options(OptionParser& parser) {
  for (const auto& option : kRefused) {
    parser.refuse(option.name, Takes::value, option.instead);
  }
  for (const auto& option : kFixed) {
    parser.accept_only(option.name, option.value, option.instead);
  }
  // Buildah has no use for them either.
  parser.ignore("--disable-content-trust", Takes::no_value, "there is nothing to be trusted here");
  parser.ignore("--unsetannotation", Takes::value, "annotations of bases are never kept");
  parser.ignore("--loglevel", Takes::value, "use --debug");
}

}  // namespace ibuild::cli
