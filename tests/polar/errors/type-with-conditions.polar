type is_tame(animal: Animal) if animal.tame;
type is_tame(animal: Animal): Boolean;
type is_tame(animal: Animal) -> Boolean;
type Animal { name: String }
type Pet = Dog;
type(animal) if animal.tame;
