# Queues, people, rights and custom fields of the tests. All of them are made up.
use utf8;

our @Queues = map { { Name => $_, Description => $_ } } 'Claims', 'Praise', 'Жалобы', 'Bare', 'Secret';

our @Users = (
    { Name => 'hub',   Password => 'hub-password',   EmailAddress => 'hub@example.com',   Privileged => 1 },
    { Name => 'tokyo', Password => 'tokyo-password', EmailAddress => 'tokyo@example.com', Privileged => 1, Timezone => 'Asia/Tokyo' },
    { Name => 'olga',  Password => 'olga-password',  EmailAddress => 'olga@example.com',  Privileged => 1, RealName => 'Ольга Смирнова' },
    { Name => 'weak',  Password => 'weak-password',  EmailAddress => 'weak@example.com',  Privileged => 1 },
    { Name => 'anna',  Password => 'anna-password',  EmailAddress => 'anna@example.com',  RealName => 'Анна К.' },
);

our @Groups = (
    { Name => 'Support', Members => { Users => [ 'hub', 'tokyo', 'olga' ] } },
    { Name => 'Guests',  Members => { Users => [ 'weak' ] } },
);

my $ticket = 'RT::Queue-RT::Ticket';
my @queues = ( 'Claims', 'Praise', 'Жалобы' );
our @CustomFields = (
    { Name => 'Hub ID', Type => 'FreeformSingle', LookupType => $ticket, ApplyTo => [@queues] },
    ( map { { Name => $_, Type => 'FreeformSingle', LookupType => $ticket, ApplyTo => ['Claims'] } }
        'Hub Ticket', 'Hub Platform', 'Hub Link', 'Hub Stars', 'Answer Rating' ),
    { Name => 'Hub Tags', Type => 'FreeformMultiple', LookupType => $ticket, ApplyTo => ['Claims'] },
    { Name => 'Hub Category', Type => 'SelectSingle', LookupType => $ticket, ApplyTo => ['Claims'],
      Values => [ map { { Name => $_ } } 'complaint', 'Вопрос', 'praise' ] },
);

my @all = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket CommentOnTicket ModifyTicket DeleteTicket
    OwnTicket TakeTicket ReassignTicket SeeCustomField ModifyCustomField);
our @ACL = (
    ( map { my $queue = $_; map { { Right => $_, GroupDomain => 'UserDefined', GroupId => 'Support', Queue => $queue } } @all }
        @queues, 'Bare' ),
    ( map { { Right => $_, GroupDomain => 'UserDefined', GroupId => 'Guests', Queue => 'Claims' } }
        qw(SeeQueue ShowTicket CreateTicket SeeCustomField) ),
    ( map { { Right => $_, GroupDomain => 'SystemInternal', GroupType => 'Everyone', Queue => 'Claims' } }
        qw(ReplyToTicket) ),
);

our @Final = (
    sub {
        open my $file, '>', $ENV{HUB_RT_TOKENS} or die $!;
        for my $name ( 'root', map { $_->{Name} } @Users ) {
            my $user = RT::User->new( RT->SystemUser );
            $user->Load($name);
            my $token = RT::AuthToken->new( RT->SystemUser );
            my ( $id, $message, $secret ) = $token->Create( Owner => $user->Id, Description => 'tests' );
            die $message unless $id;
            print $file "$name $secret\n";
        }
        close $file;
    },
);

1;
