import { applyDecorators } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';

/** A query parameter that may be left out; given twice it is an array, and refused. */
export function IsGivenOnce(): PropertyDecorator {
  return applyDecorators(IsOptional(), IsString({ message: 'must be given once' }));
}
