# What a check reads of the database row by row, and what no list can have.

## relation-of-each-row: OSO501
allow(person: Person, "read", team: Team) if member in team.members and member.person.name = person.name;
## relation-of-a-relation: OSO501 OSO501
allow(person: Person, "read", team: Team) if member in team.members and member.person.boss.name = person.name;
## relation-as-an-argument: OSO501
allow(person: Person, "read", team: Team) if member in team.members and is_led(member.person, person);
is_led(one: Person, boss: Person) if one.boss = boss;
## method: OSO602
allow(person: Person, "read", team: Team) if team.is_small() and team.name = person.name;
## column-and-text: OSO017
allow(_: Person, "read", team: Team) if team.id = "1";
## attribute: OSO016
allow(_: Person, "read", team: Team) if team.nickname = "a";
## nobody: OSO024
allow(person, "read", other: Person) if person = other.boss;
## compared-by-key: silent
allow(person: Person, "read", team: Team) if member in team.members and member.person = person;
## column-of-each-row: silent
allow(_: Person, "read", team: Team) if member in team.members and member.role = "lead";
## relation-of-one-row: silent
allow(person: Person, "read", member: Member) if member.person = person;
## relation-without-a-loop: silent
allow(person: Person, "read", member: Member) if member.team.name = person.name;
## method-of-the-actor: silent
allow(person: Person, "read", team: Team) if person.boss.name = team.name;
