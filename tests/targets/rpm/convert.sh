#!/bin/sh
# Build the packages of /job/base.spec and install them, in one transaction, into /new.
#
# Runs in a box over the Debian root, so that the root's own rpm builds and installs: the
# database and the packages are of its version. /base is the Debian root, read-only.
set -eu

# Only the generator of ELF dependencies: the conversion is about libraries, not about Python or
# pkg-config modules. Fedora marks libraries executable and its rpm looks at no others; Debian
# does not mark them, so the flag that says so goes. In place, because rpm < 4.18 reads these
# files wherever %_fileattrsdir points; the box is thrown away.
cd /usr/lib/rpm/fileattrs
find . -name '*.attr' ! -name elf.attr -delete
sed -i '/_flags/d' elf.attr
cd /

rpmbuild -bb --nodeps \
    --define '_topdir /build' \
    --define '_build_id_links none' \
    --define 'debug_package %{nil}' \
    --define '__os_install_post %{nil}' \
    --define '_binary_payload w.ufdio' \
    --define '_unpackaged_files_terminate_build 1' \
    /job/base.spec

# rpm looks owners up in the new root; on Fedora the package "setup" comes first for this.
mkdir -p /new/etc /new/var/lib/rpm
cp -p /base/etc/passwd /base/etc/group /new/etc/
rpm --root /new --define '_dbpath /var/lib/rpm' --define '_db_backend sqlite' \
    --nosignature -U /build/RPMS/*/*.rpm
find /new/etc -name '*.rpmnew' -delete

# What no package owns but every system has.
mkdir -p /new/proc /new/sys /new/dev /new/run /new/boot /new/var/log /new/var/cache /new/usr/share/doc /new/usr/share/man
mkdir -p -m 1777 /new/tmp /new/var/tmp
: > /new/etc/machine-id
chroot /new rpm -q rpm
