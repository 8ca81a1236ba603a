#!/bin/sh
# Fetches provider plugins of Pulumi for one architecture, which need not be that of this machine, and lays them out as Pulumi
# and the executor look for them: HOME/plugins/resource-NAME-VERSION/pulumi-resource-NAME.
#
#   plugins.sh HOME ARCH NAME VERSION SHA256 ...
#
# SHA256 is that of the archive; "-" takes the archive as it comes. PLUGIN_URL is where archives are.
set -eu
home=$1 arch=$2
shift 2
while [ $# -ge 3 ]; do
    name=$1 version=$2 sum=$3
    shift 3
    archive=pulumi-resource-$name-$version-linux-$arch.tar.gz
    folder=$home/plugins/resource-$name-$version
    mkdir -p "$folder"
    curl --fail --silent --show-error --location --retry 3 --output "$home/$archive" "${PLUGIN_URL:-https://get.pulumi.com/releases/plugins}/$archive"
    [ "$sum" = "-" ] || echo "$sum  $home/$archive" | sha256sum --check --quiet -
    tar -xzf "$home/$archive" -C "$folder" --no-same-owner
    rm "$home/$archive"
    test -f "$folder/pulumi-resource-$name"
done
# The task's user is not the one who builds: he reads and starts, and changes nothing.
chmod -R a+rX,go-w "$home"
