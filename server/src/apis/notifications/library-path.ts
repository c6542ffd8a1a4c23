// Where providers' pages load the script from, as Microsoft's documentation has it; served without regard to case.

export const LIBRARY_PATH = '/webresources/Widget/msdyn_ciLibrary.js'
