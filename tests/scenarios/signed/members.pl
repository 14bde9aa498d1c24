# members.pl PACKAGE DATA SIGNATURE: the bytes of a .deb that a signature is of, and the signature (debsigs(1))
use strict;
use warnings;

my ($package, $data, $signature) = @ARGV;
open(my $deb, '<:raw', $package) or die "$package: $!";
open(my $signed, '>:raw', $data) or die "$data: $!";
read($deb, my $magic, 8);
while (read($deb, my $header, 60) == 60) {
    my ($name, $size) = unpack('A16 x32 A10', $header);
    read($deb, my $bytes, $size);
    seek($deb, $size % 2, 1);
    if ($name eq '_gpgorigin') {
        open(my $out, '>:raw', $signature) or die "$signature: $!";
        print $out $bytes;
    } else {
        print $signed $bytes;
    }
}
