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
## column-that-is-called: OSO016 OSO602
allow(_: Person, "read", team: Team) if team.name() = "a";
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
## relation-for-all-rows: OSO501
allow(person: Person, "read", team: Team) if forall(member in team.members, member.person.name = person.name);
## relation-under-a-negation: OSO501
allow(person: Person, "read", team: Team) if not (member in team.members and member.person.name = person.name);
## relation-in-a-pattern: OSO501
allow(_: Person, "read", team: Team) if member in team.members and member matches {role: "lead", person: {name: "ana"}};
## relation-in-another-rule: OSO501
allow(person: Person, "read", team: Team) if member in team.members and is_about(member, person);
is_about(member: Member, person: Person) if member.person.name = person.name;
## relation-in-a-rule-without-classes: OSO501
allow(person: Person, "read", team: Team) if member in team.members and is_about(member, person);
is_about(member, person) if is_named(member, person.name);
is_named(member, name) if member.person.name = name;
## method-of-a-text-in-another-case: OSO602
allow(person: Person, "read", team: Team) if team.name.upper().strip() = person.name;
## order-of-a-number-and-a-text: OSO017
allow(_: Person, "read", team: Team) if team.id < "1";
## attribute-of-a-list: OSO016
allow(person: Person, "read", team: Team) if team.members.person = person;
## element-of-a-row: OSO017
allow(person: Person, "read", _: Team) if friend in person.boss and friend.name = person.name;
## order-of-numbers: silent
allow(person: Person, "read", team: Team) if team.id < person.id and team.name < "m";
## row-compared-in-another-rule: silent
allow(person: Person, "read", team: Team) if member in team.members and is_about(member, person);
is_about(member: Member, person: Person) if member.person = person;
## actor-in-another-rule: silent
allow(person: Person, "read", team: Team) if member in team.members and is_led(person, member.role);
is_led(person: Person, role: String) if person.boss.name = role;
